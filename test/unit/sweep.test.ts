import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, onTestFinished, test } from 'vitest';
import { sweep } from '../../src/activities/sweep.ts';
import { taskQueueOf, workflowIdOf } from '../../src/job/ids.ts';
import { firstRecord } from '../../src/job/record.ts';
import { PRODUCT_DEFAULTS } from '../../src/job/spec.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { readJobsById } from '../../src/journal/read-jobs.ts';

type Move = { execution: { workflowId: string }; activityOptions: { taskQueue: { name: string } } };

/** A journal with jobs in line, and what a server has moved away of them. It dies, as an orchestrator does, at the move of `diesAt`. */
async function line(ids: readonly string[], diesAt: string) {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-sweep-'));
  const journal: Journal = await openJournal(join(dir, 'journal.db'), () => {});
  onTestFinished(async () => {
    await journal.stop(5_000);
    rmSync(dir, { recursive: true });
  });
  for (const id of ids) {
    const spec = { ...PRODUCT_DEFAULTS, id, type: 't', payload: null, priority: 1, tags: [], metadata: null, createdAt: 1, queue: 'q' };
    const record = firstRecord(spec);
    await journal.writer.write({ kind: 'job', record });
    await journal.writer.write({ kind: 'job', record: { ...record, rev: 2, key: '2', band: 15, events: [{ kind: 'QUEUED' }] } });
  }
  const paused = new Set<string>();
  let isDying = true;
  const workflowService = {
    async updateActivityOptions({ execution: { workflowId }, activityOptions: { taskQueue } }: Move) {
      if (taskQueue.name === taskQueueOf('default')) paused.delete(workflowId);
      else paused.add(workflowId);
      if (!isDying || workflowId !== workflowIdOf(diesAt)) return;
      isDying = false;
      throw new Error('the orchestrator dies');
    },
  };
  const deps = { client: { workflowService } as never, journal, namespace: 'n' };
  const run = (isPaused: boolean): Promise<void> => new MockActivityEnvironment().run(() => sweep(deps, 'q', isPaused));
  const rows = () => readJobsById(journal.db, ids);
  return { run, rows, paused: () => [...paused].toSorted() };
}

test('what a sweep has moved when it was cut off is moved back at the resume', async () => {
  const { run, paused } = await line(['a', 'b'], 'b');
  await expect(run(true)).rejects.toThrow('dies');
  expect(paused()).toEqual(['a', 'b'].map(workflowIdOf));
  await run(false);
  expect(paused()).toEqual([]);
});

test('what a sweep has moved back stands at its place from then on', async () => {
  const { run, rows } = await line(['a', 'b'], 'none');
  const before = await rows();
  const began = Date.now();
  await run(true);
  expect(await rows()).toEqual(before.map((row) => ({ ...row, in_line_paused: 1 })));
  await run(false);
  for (const row of await rows()) {
    expect(row).toMatchObject({ in_line_paused: 0, ages_at: before[0]!.ages_at });
    expect(row!.band_since).toBeGreaterThanOrEqual(began);
  }
});
