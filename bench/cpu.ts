import { readStat } from '../src/process/proc.ts';
import { descendants } from './process.ts';

/** The CPU time that groups of processes have used so far, in ms, by name. */
export type CpuTimes = Record<string, number>;

/** Reads /proc: each pid alone; `self` is this process. */
export function cpuTimesOf(groups: Record<string, readonly number[]>): CpuTimes {
  const { user, system } = process.cpuUsage();
  const times = Object.entries(groups).map(([name, pids]) => [name, pids.reduce((total, pid) => total + (readStat(pid)?.cpuMs ?? 0), 0)]);
  return { ...Object.fromEntries(times), client: (user + system) / 1_000 };
}

export const withChildren = (pids: readonly number[]): number[] => pids.flatMap((pid) => [pid, ...descendants(pid)]);

/** What was used between two readings, a job. */
export const perJob = (before: CpuTimes, after: CpuTimes, jobs: number): CpuTimes =>
  Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / jobs]));

/** `temporal 25.1, api 9.2, … = 52.3 ms` */
export function sayCpu(times: CpuTimes): string {
  const total = Object.values(times).reduce((a, b) => a + b, 0);
  return `${Object.entries(times)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(', ')} = ${total.toFixed(1)} ms`;
}
