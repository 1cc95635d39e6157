import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defineJob, FinalError, type JobContext } from 'millrace';
import { z } from 'zod';
import burn from '../../../jobs/cpu-burn.ts';
import { traced } from '../trace.ts';

export const payload = z.strictObject({
  dir: z.string().describe('Where its trace is kept.'),
  ms: z.int().default(0).describe('How long it takes.'),
  burns: z.boolean().default(false).describe('It takes that in one synchronous loop.'),
  failures: z.int().default(0).describe('It has failed so often before it succeeds.'),
  failsForGood: z.enum(['no', 'every time', 'at once']).default('no'),
  exits: z.int().default(0).describe('Its process has ended so often before it goes on.'),
  hangs: z.int().default(0).describe('It has come to no end so often before it goes on.'),
  hasChild: z.boolean().default(false).describe('It has a child that does not listen to SIGTERM.'),
  hasTwin: z.boolean().default(false).describe('A planted bug: a second process runs the same job meanwhile.'),
  keys: z.array(z.strictObject({ name: z.string(), limit: z.int() })).default([]),
});

/** Does as it is told and leaves a trace of it. What it has done before counts by its own trace, which no crash takes back. */
export default defineJob({
  name: 'chaos.work',
  description: 'Work of every kind that the chaos suite creates.',
  payload,
  run: (context) => work(context),
});

export function work(context: JobContext<z.output<typeof payload>>): Promise<unknown> {
  const { payload: told, attempt, signal } = context;
  return traced(told.dir, context, { signal, keys: told.keys }, async (note, before) => {
    const times = (what: string): number => before.filter((line) => line.what === what).length;
    if (times('exits') < told.exits) {
      note('exits');
      process.exit(7);
    }
    if (times('hangs') < told.hangs) {
      note('hangs');
      await wait(3_600_000, undefined, { signal });
    }
    const child = told.hasChild ? spawn('sh', ['-c', "trap '' TERM; while :; do sleep 0.2; done"], { stdio: 'ignore' }) : undefined;
    if (told.hasTwin) await runTwin(told.dir, context.job.id, attempt);
    if (told.burns) await burn.run({ ...context, payload: { ms: told.ms } });
    else await wait(told.ms, undefined, { signal });
    await end(child);
    if (told.failsForGood === 'at once') throw new FinalError('for good, as asked');
    if (told.failsForGood === 'every time' || times('failed') < told.failures) throw new Error('as asked');
    return { attempt };
  });
}

/** Its own child is its own to end where it comes to an end, and the supervisor's where it is killed. */
async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function runTwin(dir: string, jobId: string, attempt: number): Promise<void> {
  const twin = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', TWIN, dir, jobId, String(attempt + 1)], {
    stdio: 'ignore',
  });
  await once(twin, 'exit');
}

const TWIN = fileURLToPath(new URL('../twin.ts', import.meta.url));
