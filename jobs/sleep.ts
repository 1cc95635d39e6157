import { setTimeout as wait } from 'node:timers/promises';
import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'sleep',
  description: 'Waits without using the CPU; ends early, with an error, when the job is asked to stop.',
  payload: z.strictObject({
    ms: z.int().min(0).max(86_400_000).describe('How long to wait, in milliseconds; at most a day.'),
  }),
  run: async ({ payload, signal }) => {
    const startedAt = performance.now();
    await wait(payload.ms, undefined, { signal });
    return { sleptMs: Math.round(performance.now() - startedAt) };
  },
});
