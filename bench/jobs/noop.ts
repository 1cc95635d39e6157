import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'noop',
  description: 'Does nothing: what is left is what a job costs. Answers with the time its handler was entered.',
  payload: z.strictObject({}),
  run: () => ({ enteredAt: Date.now() }),
});
