import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start({ slots: 1 })));
afterAll(() => millrace.stop());

const CREATE =
  'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id status } jobId userErrors { code message path } } }';

/** What the journal would not have told: as the pruner does, or as if nobody had come to write it. */
function erase(id: string, ...tables: ('job' | 'event')[]): void {
  const journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 10_000 });
  for (const table of tables) journal.prepare(`delete from ${table} where ${table === 'job' ? 'id' : 'job_id'} = ?`).run(id);
  journal.close();
}

test('an id whose job only Temporal knows any more is refused with how it gets free, and is free then', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.untilFinal(id);
  // It would bring back what is too young to be forgotten.
  await millrace.role('orchestrator').stop();
  // The journal keeps jobs for a shorter time than Temporal.
  erase(id, 'job');

  const input = { id, type: 'sleep', payload: { ms: 0 }, ifExists: 'RETURN_EXISTING' };
  const { createJob } = await millrace.client.data(CREATE, { input });
  expect(createJob).toMatchObject({ job: null, jobId: id, userErrors: [{ code: 'ID_TAKEN', path: ['id'] }] });
  expect(createJob.userErrors[0].message).toMatch(/has ended .*the journal has it no more; nothing was created\..* deleteJob/);

  const { deleteJob } = await millrace.client.data('mutation ($id: ID!) { deleteJob(input: { id: $id }) { deletedJobId } }', { id });
  expect(deleteJob.deletedJobId).toBe(id);
  expect(await millrace.client.data(CREATE, { input })).toMatchObject({ createJob: { job: { id }, userErrors: [] } });
});

test('a job whose creator was cut off before its row is there is what another ask for its id answers with', async () => {
  await millrace.startRole('orchestrator');
  const input = { id: 'cut-off', type: 'sleep', payload: { ms: 0 }, hold: true, tags: ['mine'] };
  expect(await millrace.create(input)).toBe('cut-off');
  const ended = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.untilFinal(ended);
  const further = await millrace.create({ type: 'sleep', payload: { ms: 0 }, delay: '1h' });
  await ordersTo(millrace).hold(further);
  await millrace.role('orchestrator').stop();
  erase('cut-off', 'job', 'event');
  erase(further, 'job', 'event');
  erase(ended, 'job', 'event');

  const again = await millrace.client.data(CREATE, { input: { ...input, ifExists: 'RETURN_EXISTING' } });
  expect(again.createJob).toEqual({ job: { id: 'cut-off', status: 'HELD' }, jobId: 'cut-off', userErrors: [] });
  const { job } = await millrace.client.data('{ job(id: "cut-off") { status tags } }');
  expect(job).toEqual({ status: 'HELD', tags: ['mine'] });
  expect(await millrace.client.data(CREATE, { input })).toMatchObject({
    createJob: { job: { id: 'cut-off' }, userErrors: [{ code: 'ID_TAKEN' }] },
  });

  // What it has come to only the reconciler can tell.
  await expect(millrace.client.data(CREATE, { input: { ...input, id: further, ifExists: 'RETURN_EXISTING' } })).rejects.toThrow(
    'the journal does not show it yet; nothing was created, try again in a moment',
  );
  const early = millrace.client.data(CREATE, { input: { ...input, id: ended, ifExists: 'RETURN_EXISTING' } });
  await expect(early).rejects.toThrow(`has ended`);
  await expect(early).rejects.toThrow('does not show it yet; nothing was created, try again in a moment');
  await millrace.startRole('orchestrator');
  await eventually(
    'the journal has it again',
    async () => (await millrace.client.data(`{ job(id: "${ended}") { status } }`)).job !== null,
    60_000,
  );
  expect(await millrace.client.data(CREATE, { input: { ...input, id: ended, ifExists: 'RETURN_EXISTING' } })).toMatchObject({
    createJob: { job: { id: ended, status: 'SUCCEEDED' }, userErrors: [] },
  });
});
