import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'enter',
  description: 'Answers with when it was entered, by the clock that all processes of a machine share.',
  payload: z.strictObject({}),
  run: () => ({ enteredMs: Number(process.hrtime.bigint()) / 1e6 }),
});
