import type { JobEventKind } from '../../job/status.ts';
import type { Screen } from './screen.ts';
import type { DemoRow, FeedEvent, Tally } from './tally.ts';

/** What `workersUpdated` says of the demo's worker. */
export type WorkerFigures = { memoryBytes: number | null; cpuPercent: number | null };

/** What is told of an event as it happens; undefined for what the live lines show anyway. */
export function eventLine(
  { kind, at, detail }: FeedEvent,
  row: DemoRow,
  startedAt: number,
  { paint }: Pick<Screen, 'paint'>,
): string | undefined {
  const attempt = detail?.attempt === undefined ? undefined : row.tries[detail.attempt - 1];
  const line = (word: string, after = ''): string =>
    `${seconds(Date.parse(at) - startedAt)}  ${String(attempt?.pid ?? '').padStart(7)}  ${word}  ${row.name}${after}`;
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
      return row.status === 'SUCCEEDED' ? undefined : line(paint('red', 'is over  '), `, ${row.status?.toLowerCase()} for good`);
    default:
      return undefined;
  }
}

/** The state of things: a few lines that are drawn again and again, or two where every copy of them stays. */
export function liveLines(
  tally: Tally,
  worker: WorkerFigures | undefined,
  startedAt: number,
  now: number,
  { paint, isLive }: Pick<Screen, 'paint' | 'isLive'>,
): string[] {
  const counts = [
    `${two(tally.count('QUEUED'))} queued`,
    `${two(tally.count('RUNNING'))} running`,
    `${two(tally.count('SCHEDULED'))} to be retried`,
    paint('green', `${two(tally.count('SUCCEEDED'))} succeeded`),
    paint('red', `${two(tally.count('FAILED', 'ABORTED'))} failed`),
  ].join('  ');
  const { rss, heapUsed } = process.memoryUsage();
  const cpu = worker?.cpuPercent == null ? '' : ` at ${Math.round(worker.cpuPercent)} % of a core`;
  const memory = `worker ${mebibytes(worker?.memoryBytes)}${cpu}, demo ${mebibytes(rss)} (heap ${mebibytes(heapUsed)})`;
  const first = `${seconds(now - startedAt)}  ${counts}`;
  const runners = tally.runners().map(({ pid, now: row, tries }) => ({
    pid,
    row,
    ranMs: now - (row?.tries.at(-1)?.startedAt ?? now),
    done: tries.filter(({ endedAt }) => endedAt !== undefined).length,
  }));
  if (!isLive) {
    const busy = runners.flatMap(({ pid, row, ranMs }) => (row ? [`${pid} ${row.name} for ${ranMs} ms`] : []));
    return [`${first}  ${memory}`, ...(busy.length > 0 ? [`         processing ${busy.join(', ')}`] : [])];
  }
  // Below the names of the events, which are above them.
  const lines = runners.map(({ pid, row, ranMs, done }) => {
    const doing = row ? `processing ${row.name.padEnd(20)} ${bar(row.progress)} ${String(ranMs).padStart(5)} ms` : 'idle';
    return `         ${String(pid).padStart(7)}  ${doing.padEnd(51)}  ${done} done`;
  });
  return ['', first, ...lines, `         ${paint('dim', memory)}`];
}

/** Empty where the handler does not say how far it is. */
const bar = (fraction: number | undefined): string =>
  fraction === undefined ? ' '.repeat(BAR) : '━'.repeat(Math.round(BAR * fraction)).padEnd(BAR, '─');

export const mebibytes = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? '?' : `${Math.round(bytes / 2 ** 20)} MiB`;
export const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(2).padStart(5)} s`;
const two = (count: number): string => String(count).padStart(2);
const BAR = 10;
