import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'flood',
  description: 'Writes lines to stdout at a rate, each with the time at which it was written, until a time is over.',
  payload: z.strictObject({
    perSecond: z.int().min(1),
    ms: z.int(),
    singly: z.boolean().default(false).describe('Each by a console.log of its own, which costs the job itself most of a core.'),
  }),
  run: async ({ payload: { perSecond, ms, singly }, signal }) => {
    const began = performance.now();
    const before = process.cpuUsage();
    let lines = 0;
    for (let passed = 0; passed < ms && !signal.aborted; passed = performance.now() - began) {
      const now = Date.now();
      let text = '';
      for (const due = (passed / 1_000) * perSecond; lines < due; lines++) {
        const line = `${now} line ${lines} of a job that says too much`;
        if (singly) console.log(line);
        else text += `${line}\n`;
      }
      if (text) process.stdout.write(text);
      await sleep(5);
    }
    const { user, system } = process.cpuUsage(before);
    return { lines, ms: performance.now() - began, cpuMs: (user + system) / 1_000 };
  },
});
