import { mebibytes } from './lines.ts';
import type { Memory } from './processes.ts';
import type { Tally } from './tally.ts';

/** The end of the demo in figures. `totalMs` is from the request that creates the jobs to the last one's end, as the demo saw it. */
export function summary(tally: Tally, totalMs: number, memory: Memory[]): string[] {
  const rows = Array.from(tally.rows.values());
  const succeeded = tally.count('SUCCEEDED');
  const retries = rows.reduce((sum, { tries }) => sum + Math.max(0, tries.length - 1), 0);
  const retried = rows.filter(({ tries }) => tries.length > 1).map(({ name, tries }) => `${name} (${tries.length} attempts)`);
  const failed = rows
    .filter(({ status }) => status === 'FAILED' || status === 'ABORTED')
    .map(({ name, tries }) => `${name}: ${tries.at(-1)?.error ?? ''}`);
  return [
    '',
    `  total time    ${(totalMs / 1_000).toFixed(2)} s, from sending createJobs to hearing of the last job's end`,
    `  created       ${tally.created}`,
    `  completed     ${succeeded}`,
    `  failed        ${failed.length}${failed.length > 0 ? `, ${failed.join('; ')}` : ''}`,
    `  success rate  ${((100 * succeeded) / rows.length).toFixed(1)} %`,
    `  retries       ${retries}${retries > 0 ? `, ${retried.join('; ')}` : ''}`,
    '',
    ...table(['queue', 'jobs', 'completed', 'failed', 'attempts', 'mean ms', 'longest ms'], queues(tally)),
    '',
    ...table(['runner', 'completed', 'not', 'busy ms', 'busy'], runners(tally, totalMs)),
    '',
    ...(memory.length === 0 ? [] : table(['process', 'memory', 'peak'], processes(memory))),
    `  All of them take ${mebibytes(memory.reduce((sum, { ownBytes }) => sum + ownBytes, 0))}, what they share counted once. The demo's heap is ${mebibytes(process.memoryUsage().heapUsed)}.`,
    '',
  ];
}

function queues(tally: Tally): string[][] {
  const rows = Array.from(tally.rows.values());
  return [...new Set(rows.map(({ queue }) => queue))].sort().map((queue) => {
    const jobs = rows.filter((row) => row.queue === queue);
    const tookMs = jobs.flatMap(({ tries }) => tries.map(msOf));
    const succeeded = jobs.filter(({ status }) => status === 'SUCCEEDED').length;
    const mean = tookMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, tookMs.length);
    return [queue, jobs.length, succeeded, jobs.length - succeeded, tookMs.length, Math.round(mean), Math.max(0, ...tookMs)].map(String);
  });
}

function runners(tally: Tally, totalMs: number): string[][] {
  return tally.runners().map(({ pid, tries }) => {
    const busyMs = tries.reduce((sum, attempt) => sum + msOf(attempt), 0);
    const succeeded = tries.filter(({ outcome }) => outcome === 'SUCCEEDED').length;
    return [String(pid), String(succeeded), String(tries.length - succeeded), String(busyMs), `${Math.round((100 * busyMs) / totalMs)} %`];
  });
}

function processes(memory: Memory[]): string[][] {
  return memory.map(({ name, pids, rssBytes, peakBytes }) => [
    `${name}${pids.length === 1 ? ` (${pids[0]})` : ''}`,
    mebibytes(rssBytes),
    mebibytes(peakBytes),
  ]);
}

const msOf = ({ startedAt, endedAt }: { startedAt: number; endedAt?: number }): number => (endedAt ?? startedAt) - startedAt;

/** Names to the left, figures to the right. */
function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (cells: string[]): string =>
    `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`;
  return [head, ...rows].map(lineOf);
}
