import { readRunningAttempts } from '../../journal/read-attempts.ts';
import { readWorkers } from '../../journal/read-workers.ts';
import { workerStatus } from '../present.ts';
import { endable, Wake } from '../wake.ts';
import type { Source } from './source.ts';
import { whenOther } from './whole.ts';

/** The workers of a pool, or all, now and whenever one of them, or what it runs, has changed. */
export function followWorkers(source: Source, pool: string | null | undefined) {
  const wake = new Wake((wake) => {
    const stop = source.listen(wake);
    // A worker that was killed writes nothing: its silence has to be noticed.
    const timer = setInterval(wake, SILENCE_LOOK_MS);
    return () => {
      clearInterval(timer);
      stop();
    };
  });
  return endable(wake, () => messages(source, pool, wake));
}

async function* messages(source: Source, pool: string | null | undefined, wake: Wake) {
  const read = async () => {
    const workers = await source.read((db) => readWorkers(db, { pool }));
    const ids = workers.map(({ id }) => id);
    return { workers, running: await source.read((db) => readRunningAttempts(db, ids)) };
  };
  const states = whenOther(wake, read, ({ workers, running }) => [
    workers.map((worker) => [worker, workerStatus(worker)]),
    running.map(({ job_id: job, number }) => [job, number]),
  ]);
  for await (const { workers } of states) yield { workersUpdated: { workers } };
}

const SILENCE_LOOK_MS = 1_000;
