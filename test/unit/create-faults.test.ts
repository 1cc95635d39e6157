import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createJob, createJobs } from '../../src/api/create-jobs.ts';
import { JobRows } from '../../src/api/job-rows.ts';
import { JobTypes } from '../../src/api/job-types.ts';
import { Live } from '../../src/api/live.ts';
import { Queues } from '../../src/api/queues.ts';
import { readConfig } from '../../src/config.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { connectLazily } from '../../src/temporal/connect-client.ts';
import { freePort } from '../engine/ports.ts';

/** All that creates jobs, with a Temporal that is not there. */
async function withoutTemporal(): Promise<Parameters<typeof createJobs>[0]> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-create-'));
  const config = readConfig({ MILLRACE_DATA_DIR: dir, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  const journal = await openJournal(config.journalFile, () => {});
  const { client, connection } = connectLazily(config);
  onTestFinished(async () => {
    await connection.close();
    await journal.stop(1_000);
    rmSync(dir, { recursive: true });
  });
  const type = { name: 'sleep', description: null, payloadSchema: { type: 'object', required: ['ms'] }, defaults: {} };
  await journal.writer.write({ kind: 'jobTypes', pool: 'default', workerId: 'w1', at: 1_000, types: [type] });
  const live = new Live(journal);
  return { client, journal, jobTypes: new JobTypes(journal), rows: new JobRows(journal, live), queues: new Queues(client, journal) };
}

const good = { type: 'sleep', payload: { ms: 1 } };

test('of many jobs each has its own answer where Temporal is gone, with the id to ask again with', { timeout: 60_000 }, async () => {
  const deps = await withoutTemporal();
  const inputs = [{ type: 'sleep', payload: {} }, { ...good, id: 'mine' }, ...Array.from({ length: 40 }, () => good)];
  const { results } = await createJobs(deps, inputs);
  expect(results).toHaveLength(inputs.length);
  expect(results[0]).toMatchObject({ job: null, userErrors: [{ code: 'BAD_PAYLOAD', path: ['jobs', '0', 'payload', 'ms'] }] });
  expect(results[1]).toMatchObject({ job: null, jobId: 'mine', userErrors: [{ code: 'BACKEND_UNAVAILABLE', path: ['jobs', '1'] }] });
  expect(results[1]!.userErrors[0]!.message).toContain('whether the job "mine" was created');
  const others = results.slice(2);
  for (const { job, userErrors } of others) expect([job, userErrors.map(({ code }) => code)]).toEqual([null, ['BACKEND_UNAVAILABLE']]);
  // Those that were on their way have an id, each its own; the others were not begun.
  const begun = others.filter(({ jobId }) => jobId !== undefined);
  expect(new Set(begun.map(({ jobId }) => jobId)).size).toBe(begun.length);
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.length).toBeLessThan(others.length);
  for (const { jobId, userErrors } of begun) expect(userErrors[0]!.message).toContain(jobId);
  for (const { userErrors } of others.filter(({ jobId }) => jobId === undefined)) expect(userErrors[0]!.message).toMatch(/^not created/);
});

test('one job that Temporal did not answer for is refused with the id that was made for it', { timeout: 60_000 }, async () => {
  const fault = createJob(await withoutTemporal(), good);
  await expect(fault).rejects.toMatchObject({ name: 'Fault', code: 'BACKEND_UNAVAILABLE', jobId: expect.any(String) as string });
  const { message, jobId } = (await fault.catch((error: unknown) => error)) as { message: string; jobId: string };
  expect(message).toContain(`whether the job "${jobId}" was created`);
});
