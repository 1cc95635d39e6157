import { type Client, ServiceError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { dependencyResults } from '../../src/activities/dependencies.ts';
import type { Journal } from '../../src/journal/journal.ts';

/** The journal has not got them yet. */
const journal = { db: undefined } as unknown as Journal;
/** A Temporal whose answers are given, one a call. */
function temporal(...answers: (Error | { status: { name: string } })[]) {
  const asked = { times: 0 };
  const describe = (): unknown => {
    const answer = answers[asked.times++];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client = { workflow: { getHandle: () => ({ describe: async () => describe(), result: async () => 42 }) } } as unknown as Client;
  return { asked, client };
}
const away = new ServiceError('Failed to describe workflow', { cause: new Error('14 UNAVAILABLE') });
const never = new Promise<void>(() => {});

test('where Temporal is away, it is asked again what the dependencies have come to', async () => {
  const { client, asked } = temporal(away, away, { status: { name: 'COMPLETED' } });
  expect(await dependencyResults({ client, journal }, ['a'], never)).toEqual({ a: { status: 'SUCCEEDED', result: 42 } });
  expect(asked.times).toBe(3);
});

test('an attempt that must end does not wait for it', async () => {
  const { client, asked } = temporal(away, { status: { name: 'COMPLETED' } });
  expect(await dependencyResults({ client, journal }, ['a'], Promise.resolve())).toEqual({});
  expect(asked.times).toBe(1);
});

test('any other fault is told at once', async () => {
  const bug = new TypeError('a bug');
  await expect(dependencyResults({ client: temporal(bug).client, journal }, ['a'], never)).rejects.toBe(bug);
});
