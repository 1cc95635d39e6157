import { spawn } from 'node:child_process';
import { drawJob } from './kinds.ts';
import type { Load } from './load.ts';
import type { Observed } from './observed.ts';
import type { System } from './system.ts';

/** Faults that are made on purpose, to see that they are found. */
export const PLANTS = ['double-run', 'lost-job', 'skipped-event', 'wrong-end', 'left-process'] as const;
export type Plant = (typeof PLANTS)[number];

/** What a bad Millrace would do, done by the suite's own jobs and in its client. */
export async function plantInLoad(plants: Plant[], load: Load, { traceDir: dir, dataDir }: System): Promise<void> {
  const planned = drawJob(() => 0, dir, []);
  const create = (id: string, payload: object): Promise<void> =>
    load.create({
      ...planned,
      id,
      kind: 'planted',
      orders: [],
      input: { ...planned.input, id, queue: 'chaos', payload: { dir, ...payload } },
    });
  if (plants.includes('double-run')) await create('planted-double-run', { hasTwin: true });
  if (plants.includes('wrong-end')) await create('planted-wrong-end', { failsForGood: 'at once' });
  if (plants.includes('left-process'))
    spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ...process.env, MILLRACE_DATA_DIR: dataDir } }).unref();
  if (plants.includes('lost-job'))
    load.jobs.push({
      id: 'planted-lost-job',
      kind: 'planted',
      comesTo: 'SUCCEEDED',
      isAborted: false,
      dependencies: [],
      needsDependencies: false,
    });
}

/** A subscriber that has not got one of its events. */
export function plantInObserved(plants: Plant[], { heard }: Observed): void {
  if (plants.includes('skipped-event')) heard.splice(Math.floor(heard.length / 2), 1);
}
