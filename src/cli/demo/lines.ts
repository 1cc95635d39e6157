import type { JobEventKind } from '../../job/status.ts';
import type { Screen } from './screen.ts';
import type { DemoRow, FeedEvent, Tally } from './tally.ts';

/** What `workersUpdated` says of the demo's worker. */
export type WorkerFigures = { memoryBytes: number | null; cpuPercent: number | null };

/** What is told of an event as it happens; undefined for what the live lines show anyway. */
export function eventLine({ kind, at, detail }: FeedEvent, row: DemoRow, startedAt: number, { paint }: Pick<Screen, 'paint'>): string | undefined {
  const attempt = detail?.attempt === undefined ? undefined : row.tries[detail.attempt - 1];
  const line = (word: string, after = ''): string => `${seconds(Date.parse(at) - startedAt)}  ${String(attempt?.pid ?? '').padStart(7)}  ${word}  ${row.name}${after}`;
  const tookMs = attempt?.endedAt === undefined ? 0 : attempt.endedAt - attempt.startedAt;
  switch (kind satisfies JobEventKind) {
    case 'STARTED':
      return line('started  ', detail?.attempt === 1 ? '' : `, attempt ${detail?.attempt}`);
    case 'ATTEMPT_ENDED':
      if (detail?.outcome === 'SUCCEEDED') return line(paint('green', 'completed'), ` in ${tookMs} ms`);
      return line(paint('red', (detail?.outcome ?? 'ended').toLowerCase().padEnd(9)), ` after ${tookMs} ms: ${detail?.error ?? ''}`);
    case 'RETRY_SCHEDULED':
      return line(paint('yellow', 'retry    '), ` in ${Math.max(0, Date.parse(detail?.startsAt ?? at) - Date.parse(at))} ms`);
    case 'HALTED':
    case 'LOST':
      return line(paint('yellow', 'requeued '), `: ${detail?.error ?? ''}`);
    case 'FINISHED':
      return row.status === 'SUCCEEDED' ? undefined : line(paint('red', 'is over  '), `, ${row.status?.toLowerCase()} for good: ${detail?.message ?? ''}`);
    default:
      return undefined;
  }
}

/** The state of things, a few lines that are drawn again and again. */
export function liveLines(tally: Tally, worker: WorkerFigures | undefined, startedAt: number, now: number, { paint, isLive }: Pick<Screen, 'paint' | 'isLive'>): string[] {
  const counts = [
    `queued ${two(tally.count('QUEUED'))}`,
    `running ${two(tally.count('RUNNING'))}`,
    `waiting for a retry ${two(tally.count('SCHEDULED'))}`,
    paint('green', `succeeded ${two(tally.count('SUCCEEDED'))}`),
    paint('red', `failed ${two(tally.count('FAILED', 'ABORTED'))}`),
    `of ${tally.rows.size}`,
  ].join('  ');
  const { rss, heapUsed } = process.memoryUsage();
  const memory = `worker with its runners ${mebibytes(worker?.memoryBytes)}, ${worker?.cpuPercent ?? '?'} % of a core; this demo ${mebibytes(rss)}, heap ${mebibytes(heapUsed)}`;
  const runners = tally.runners().map(({ pid, now: row, tries }) => {
    const since = row?.tries.at(-1)?.startedAt ?? now;
    const share = row?.progress === undefined ? '' : `, ${Math.round(100 * row.progress)} %`;
    return { pid, doing: row ? `processing ${row.name} for ${now - since} ms${share}` : 'idle', done: tries.filter(({ endedAt }) => endedAt !== undefined).length };
  });
  const first = `${seconds(now - startedAt)}  ${counts}`;
  // Aligned below the names of the events where it stays in place, short where every copy of it stays.
  if (isLive) return ['', first, ...runners.map(({ pid, doing, done }) => `         ${String(pid).padStart(7)}  ${doing.padEnd(50)}  ${done} done`), `         ${paint('dim', memory)}`];
  return [`${first}  |  ${memory}`, ...(runners.length > 0 ? [`         ${runners.map(({ pid, doing }) => `${pid} ${doing}`).join('; ')}`] : [])];
}

export const mebibytes = (bytes: number | null | undefined): string => (bytes === null || bytes === undefined ? '?' : `${Math.round(bytes / 2 ** 20)} MiB`);
export const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(2).padStart(5)} s`;
const two = (count: number): string => String(count).padStart(2);
