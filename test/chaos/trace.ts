import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobContext } from '../../src/index.ts';

/** What a handler leaves behind, whatever becomes of its process: a line at each turn, in a file of its job. */
export type TraceLine = {
  what: 'start' | 'done' | 'failed' | 'stopped' | 'exits' | 'hangs';
  attempt: number;
  pid: number;
  /** ms since 1970. */
  at: number;
  step?: string;
  undo?: boolean;
  /** Of a start: who was in each place besides, alive and not at its end, as `<job>#<attempt>`; and how many may be there at once. */
  places?: { name: string; limit: number; besides: string[] }[];
};

export type Place = { name: string; limit: number };
export type Work<T> = (note: (what: TraceLine['what']) => void, before: TraceLine[]) => Promise<T>;

/**
 * Runs a handler's work between its lines, in the places it takes up: that of its job, and those of its keys.
 *
 * Who comes in makes its mark first and then looks round: of two who are in a place at one time, at least the one that has
 * made its mark last sees the other. A mark names its process by pid and start time, so that one that was killed does not count.
 */
export async function traced<T>(
  dir: string,
  { job, attempt }: Pick<JobContext<unknown>, 'job' | 'attempt'>,
  at: { signal: AbortSignal; step?: string; undo?: boolean; keys?: Place[] },
  work: Work<T>,
): Promise<T> {
  const file = traceFile(dir, job.id);
  const before = readTrace(dir, job.id);
  const { signal, step, undo, keys = [] } = at;
  const note = (what: TraceLine['what'], more: Pick<TraceLine, 'places'> = {}): void => {
    const line: TraceLine = { what, attempt, pid: process.pid, at: Date.now(), ...(step ? { step, undo: undo ?? false } : {}), ...more };
    // One write of a few hundred bytes to a file that is only added to: lines of two processes do not mix.
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  mkdirSync(join(dir, 'traces'), { recursive: true });
  const places = [{ name: `job ${job.id}`, limit: 1 }, ...keys];
  const marks = places.map(({ name }) => makeMark(join(dir, 'places', name), `${job.id}#${attempt}`));
  note('start', {
    places: places.map((place, index) => ({ ...place, besides: lookRound(join(dir, 'places', place.name), marks[index]!) })),
  });
  try {
    const result = await work(note, before);
    note('done');
    return result;
  } catch (error) {
    note(signal.aborted ? 'stopped' : 'failed');
    throw error;
  } finally {
    for (const mark of marks) rmSync(mark, { force: true });
  }
}

export function readTrace(dir: string, jobId: string): TraceLine[] {
  let text: string;
  try {
    text = readFileSync(traceFile(dir, jobId), 'utf8');
  } catch {
    return [];
  }
  // A process that is killed in the middle of a write leaves no half line: one write is made whole or not at all.
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as TraceLine);
}

/** Which jobs' attempts a process has now. */
export function jobsOfProcess(dir: string, pid: number): string[] {
  const jobs = new Set<string>();
  for (const place of listOf(join(dir, 'places')))
    for (const mark of listOf(join(dir, 'places', place))) if (mark.split(' ')[1] === String(pid)) jobs.add(mark.split('#')[0]!);
  return [...jobs];
}

const traceFile = (dir: string, jobId: string): string => join(dir, 'traces', `${jobId}.jsonl`);

function makeMark(place: string, who: string): string {
  mkdirSync(place, { recursive: true });
  const mark = join(place, `${who} ${process.pid} ${startTimeOf(process.pid)}`);
  writeFileSync(mark, '');
  return mark;
}

function lookRound(place: string, own: string): string[] {
  const besides: string[] = [];
  for (const name of listOf(place)) {
    const mark = join(place, name);
    if (mark === own) continue;
    const [who, pid, startTime] = name.split(' ');
    if (startTimeOf(Number(pid)) === startTime) besides.push(who!);
    else rmSync(mark, { force: true });
  }
  return besides;
}

/** In clock ticks since boot, of a process that is not a zombie (proc_pid_stat(5), fields 3 and 22). */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function listOf(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
