import { expect, test } from 'vitest';
import { LIMITS } from '../../src/job/spec.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
shareMillrace({ slots: 1 }, (shared) => ({ millrace } = shared));

const JSON_AROUND = 200;
const metadata = { filler: 'x'.repeat(LIMITS.metadataBytes - JSON_AROUND) };
/** Both steps' results are as long as all together may be. */
const resultBytes = LIMITS.stepResultsBytes / 2 - JSON_AROUND;
const payload = { filler: 'x'.repeat(LIMITS.payloadBytes - JSON_AROUND), resultBytes, checkpointBytes: LIMITS.checkpointBytes };

test('a job as large as there may be runs: payload, metadata, what its steps return, and a checkpoint', async () => {
  const id = await millrace.create({ type: 'test.large', payload, metadata, retry: { delay: '1ms' } });
  const job = await millrace.until(id, 'SUCCEEDED');
  expect(job).toMatchObject({ attemptCount: 3, failures: 1 });
  expect(job.result.second).toHaveLength(resultBytes - 2);
});

test('one whose steps return more than that fails, and what is done is undone', async () => {
  const id = await millrace.create({ type: 'test.large', payload: { ...payload, resultBytes: LIMITS.stepResultsBytes - 10 } });
  const job = await millrace.until(id, 'FAILED');
  expect(job).toMatchObject({ reason: { code: 'BAD_RESULT' }, error: { retryable: false } });
  expect(await millrace.job(id, 'rollback steps { status }')).toEqual({
    rollback: 'DONE',
    steps: [{ status: 'UNDONE' }, { status: 'FAILED' }],
  });
});
