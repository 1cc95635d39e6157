import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { toTemporal } from '../../src/api/to-temporal.ts';

const client = { withDeadline: (_: number, call: () => unknown) => call() } as unknown as Client;
const refused = (code: number): Error => Object.assign(new Error(`gRPC code ${code}`), { code });
const FAILED_PRECONDITION = 9;

test('a message that went down with its workflow task is sent again', async () => {
  let calls = 0;
  const call = async (): Promise<string> => {
    calls += 1;
    if (calls < 3) throw refused(FAILED_PRECONDITION);
    return 'done';
  };
  expect(await toTemporal(client, call)).toBe('done');
});

test('a workflow whose tasks fail is asked again until the time is over, with pauses, and told of as one that takes nothing', async () => {
  let calls = 0;
  const call = (): Promise<never> => {
    calls += 1;
    return Promise.reject(refused(FAILED_PRECONDITION));
  };
  const fault = toTemporal(client, call, Date.now() + 400);
  await expect(fault).rejects.toMatchObject({
    name: 'Fault',
    code: 'BACKEND_UNAVAILABLE',
    message: expect.stringContaining('nothing was done') as string,
  });
  expect(calls).toBeGreaterThan(1);
  expect(calls).toBeLessThan(10);
});

test('what is no lack of an answer is thrown as it is', async () => {
  const bug = refused(3);
  await expect(toTemporal(client, () => Promise.reject(bug))).rejects.toBe(bug);
});
