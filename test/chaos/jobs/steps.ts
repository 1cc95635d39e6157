import { setTimeout as wait } from 'node:timers/promises';
import { defineJob, FinalError, type JobStep } from 'millrace';
import { z } from 'zod';
import { STEPS } from '../steps.ts';
import { traced } from '../trace.ts';

const payload = z.strictObject({
  dir: z.string().describe('Where its trace is kept.'),
  ms: z.int().default(0).describe('How long each step and each undo takes.'),
  failAt: z.enum(STEPS).optional().describe('The step that fails for good.'),
  undoFailures: z.int().default(0).describe('Its undos have failed so often before one succeeds.'),
});

export default defineJob({
  name: 'chaos.steps',
  description: 'Work of three steps that can be undone.',
  payload,
  steps: STEPS.map((step): JobStep<z.output<typeof payload>> => ({
    name: step,
    run: (context) =>
      traced(context.payload.dir, context, { signal: context.signal, step }, async () => {
        await wait(context.payload.ms, undefined, { signal: context.signal });
        if (context.payload.failAt === step) throw new FinalError('as asked');
        return { attempt: context.attempt };
      }),
    undo: (context) =>
      traced(context.payload.dir, context, { signal: context.signal, step, undo: true }, async (_, before) => {
        await wait(context.payload.ms, undefined, { signal: context.signal });
        if (before.filter(({ what, undo }) => what === 'failed' && undo).length < context.payload.undoFailures) throw new Error('as asked');
        return { attempt: context.attempt };
      }),
  })),
});
