import { defineJob } from 'millrace';
import { z } from 'zod';

/** Never yields, on purpose: timers, messages and signal handlers of this process wait until it is done. */
export default defineJob({
  name: 'cpu.burn',
  description: 'Burns CPU time in one tight synchronous loop, the worst a handler can do to its process.',
  payload: z.strictObject({
    ms: z.int().min(0).max(86_400_000).describe('CPU time to burn, in milliseconds; at most a day.'),
  }),
  run: ({ payload }) => {
    const before = process.cpuUsage();
    let burnedMs = 0;
    let value = 0;
    while (burnedMs < payload.ms) {
      // About 0.1 ms between two looks at the clock: seldom enough to burn here and not in the kernel.
      for (let i = 0; i < 20_000; i++) value = Math.sqrt(value + i);
      const { user, system } = process.cpuUsage(before);
      burnedMs = (user + system) / 1000;
    }
    return { burnedMs };
  },
});
