import { setTimeout as wait } from 'node:timers/promises';
import { traced } from './trace.ts';

/** A planted bug: a process that runs a job's next attempt while the one before is still at work. */
const [dir, jobId, attempt] = process.argv.slice(2) as [string, string, string];
const job = { id: jobId, type: 'chaos.work', queue: 'default', tags: [], metadata: null };
await traced(dir, { job, attempt: Number(attempt) }, { signal: new AbortController().signal }, () => wait(100));
