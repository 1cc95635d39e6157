import { defineJob, FinalError } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'fail',
  description: 'Fails a number of times, then succeeds: to see retries. With the default of 3 attempts, 2 failures still end well.',
  payload: z.strictObject({
    times: z.int().min(0).max(1000).describe('How many tries fail before one succeeds.'),
    final: z.boolean().default(false).describe('Fail with an error that is not retried, so that the job ends at its first failure.'),
  }),
  run: ({ payload, checkpoint }) => {
    // Counted in the checkpoint, for `attempt` also grows over halts and losses.
    const { failures } = SAVED.safeParse(checkpoint.value).data ?? { failures: 0 };
    if (failures >= payload.times) return { failures };
    checkpoint.save({ failures: failures + 1 });
    const message = `failure ${failures + 1} of ${payload.times}, as asked`;
    throw payload.final ? new FinalError(message) : new Error(message);
  },
});

const SAVED = z.object({ failures: z.int() });
