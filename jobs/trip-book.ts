import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { defineJob, FinalError, type JobStep } from 'millrace';
import { z } from 'zod';

const STEPS = ['flight', 'hotel', 'car'] as const;
const payload = z.strictObject({
  failAt: z.enum(STEPS).optional().describe('The step that fails for good, so that what was booked before it is undone.'),
  undoFails: z.int().min(0).max(1000).default(0).describe('How many tries of each undo fail before one succeeds.'),
  ms: z.int().min(0).max(600_000).default(0).describe('How long each step takes.'),
  file: z.string().optional().describe('Each step and each undo appends a line to it: what was done, in order.'),
});

export default defineJob({
  name: 'trip.book',
  description: 'Books a flight, a hotel and a car, one step after the other. What is booked is cancelled, last first, when the trip fails.',
  payload,
  steps: STEPS.map((name): JobStep<z.output<typeof payload>> => ({
    name,
    async run({ payload: { failAt, file, ms }, job, signal }) {
      await pause(ms, undefined, { signal });
      if (failAt === name) throw new FinalError(`no ${name} is left, as asked`);
      await note(file, `book ${name}`);
      return { booking: `${name}-${job.id}` };
    },
    async undo({ payload: { undoFails, file }, results, checkpoint }) {
      const failures = z.int().catch(0).parse(checkpoint.value);
      if (failures < undoFails) {
        checkpoint.save(failures + 1);
        throw new Error(`the ${name} cannot be cancelled now, failure ${failures + 1} of ${undoFails}, as asked`);
      }
      await note(file, `cancel ${name}`);
      return { cancelled: results[name] ?? null };
    },
  })),
});

/** Once per line: an attempt that runs again has not booked twice. */
async function note(file: string | undefined, line: string): Promise<void> {
  if (file === undefined) return;
  const noted = await readFile(file, 'utf8').catch(() => '');
  if (!noted.split('\n').includes(line)) await appendFile(file, `${line}\n`);
}
