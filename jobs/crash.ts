import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'crash',
  description:
    'Takes its process down a number of times, then succeeds: to see halts. With the default of 3 halts, 3 crashes still end well.',
  payload: z.strictObject({
    how: z
      .enum(['exit', 'kill', 'oom'])
      .describe('exit: process.exit(1). kill: SIGKILL to itself. oom: allocates until the heap cap ends the process.'),
    times: z.int().min(0).max(1000).describe('How many attempts die before one succeeds.'),
  }),
  run: async ({ payload, attempt }) => {
    // Counted by `attempt`: a checkpoint saved just before dying may never leave the process.
    if (attempt <= payload.times) await DEATHS[payload.how]();
    return { crashes: payload.times };
  },
});

const DEATHS = {
  exit: () => process.exit(1),
  kill: () => {
    process.kill(process.pid, 'SIGKILL');
    // The signal may take a moment to arrive; until then this attempt must not go on.
    return new Promise<never>(() => {});
  },
  oom: () => {
    // Fractions, for the collector need not look into an array of them: the heap is full in a second.
    const hoard: number[][] = [];
    for (;;) hoard.push(Array<number>(100_000).fill(0.5));
  },
};
