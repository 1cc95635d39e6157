import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimNamespace } from '../../src/cli/claim-namespace.ts';
import { ConfigError, readConfig } from '../../src/config.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { readNamespace } from '../../src/journal/namespace.ts';
import type { Services } from '../../src/temporal/prepare.ts';
import { temporaryDir } from './fixtures/temporary-dir.ts';

/** Of one that is made anew under the same name Temporal says another id. */
const temporalWith = (id: string) =>
  ({ workflowService: { describeNamespace: async () => ({ namespaceInfo: { id } }) } }) as unknown as Services;

async function open(): Promise<Journal> {
  const journal = await openJournal(join(temporaryDir(), 'journal.db'), () => {});
  onTestFinished(() => journal.stop(0));
  return journal;
}

const config = (name: string) => readConfig({ TEMPORAL_NAMESPACE: name, TEMPORAL_ADDRESS: '10.0.0.1:7233' });

test('a journal is of the namespace that has it first, and of no other, whatever that is called', async () => {
  const journal = await open();
  const claim = (name: string, id: string) => claimNamespace(config(name), journal, temporalWith(id));
  await Promise.all([claim('jobs', 'one'), claim('jobs', 'one')]);
  await claim('jobs', 'one');
  expect(await readNamespace(journal.db)).toEqual({ name: 'jobs', id: 'one' });
  for (const name of ['jobs', 'others']) {
    const refusal = claim(name, 'two');
    await expect(refusal).rejects.toThrow(ConfigError);
    await expect(refusal).rejects.toThrow(`"jobs" with the id one, and the one at 10.0.0.1:7233 is "${name}" with the id two`);
  }
  expect(await readNamespace(journal.db)).toEqual({ name: 'jobs', id: 'one' });
});

test('of two that come first at once one has it', async () => {
  const journal = await open();
  const claims = ['one', 'two'].map((id) => claimNamespace(config('jobs'), journal, temporalWith(id)));
  const ended = await Promise.allSettled(claims);
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});
