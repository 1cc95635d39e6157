import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { patiently } from '../../src/activities/patiently.ts';
import { Fault } from '../../src/job/errors.ts';

const late = new Fault('BACKEND_UNAVAILABLE', 'no answer');
const clientWhere = (describe: () => Promise<unknown>) => ({ workflow: { getHandle: () => ({ describe }) } }) as unknown as Client;
const reached = clientWhere(async () => ({}));
const refusal = { code: 'UNSUPPORTED' as const, message: 'no', path: null, rule: null };
const never = (): boolean => false;

/** Throws the faults given, one a call, and then answers. */
function answering(...faults: Error[]) {
  let calls = 0;
  return {
    calls: () => calls,
    ask: async () => {
      const fault = faults[calls++];
      if (fault) throw fault;
      return refusal;
    },
  };
}

test('a job that does not answer is asked again as long as Temporal does', async () => {
  for (const client of [reached, clientWhere(() => Promise.reject(new WorkflowNotFoundError('gone', 'job:a', undefined)))]) {
    const job = answering(late);
    expect(await patiently(client, 'a', job.ask, never)).toEqual(refusal);
    expect(job.calls()).toBe(2);
  }
});

test('what is no lack of an answer is thrown at once', async () => {
  const bug = new TypeError('a bug');
  await expect(patiently(reached, 'a', answering(bug).ask, never)).rejects.toBe(bug);
});

test('nobody waits for a job while Temporal is away, or when all is to stop', async () => {
  const away = clientWhere(() => Promise.reject(new Error('14 UNAVAILABLE')));
  await expect(patiently(away, 'a', answering(late).ask, never)).rejects.toBe(late);
  await expect(patiently(reached, 'a', answering(late).ask, () => true)).rejects.toBe(late);
});
