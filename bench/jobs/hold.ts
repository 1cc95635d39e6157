import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'hold',
  description: 'Keeps its slot until a file is there, so that a bench says when the slot is free.',
  payload: z.strictObject({ file: z.string() }),
  run: async ({ payload: { file } }) => {
    while (!existsSync(file)) await sleep(2);
    return { leftAt: Date.now() };
  },
});
