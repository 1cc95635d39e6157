import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
beforeAll(async () => void (millrace = await Millrace.start({ slots: 1 })));
afterAll(() => millrace.stop());

const CREATE =
  'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id status } jobId userErrors { code message path } } }';

test('an id whose job only Temporal knows any more is refused with how it gets free, and is free then', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.untilFinal(id);
  // It would bring back what is too young to be forgotten.
  await millrace.role('orchestrator').stop();
  // As the pruner does, where the journal keeps jobs for a shorter time than Temporal.
  const journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 10_000 });
  journal.prepare('delete from job where id = ?').run(id);
  journal.close();

  const input = { id, type: 'sleep', payload: { ms: 0 }, ifExists: 'RETURN_EXISTING' };
  const { createJob } = await millrace.client.data(CREATE, { input });
  expect(createJob).toMatchObject({ job: null, jobId: id, userErrors: [{ code: 'ID_TAKEN', path: ['id'] }] });
  expect(createJob.userErrors[0].message).toMatch(/has ended .*the journal has it no more; nothing was created\..* deleteJob/);

  const { deleteJob } = await millrace.client.data('mutation ($id: ID!) { deleteJob(input: { id: $id }) { deletedJobId } }', { id });
  expect(deleteJob.deletedJobId).toBe(id);
  expect(await millrace.client.data(CREATE, { input })).toMatchObject({ createJob: { job: { id }, userErrors: [] } });
});
