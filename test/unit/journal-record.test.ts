import { beforeEach, describe, expect, test } from 'vitest';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';
import { created, ended, error, LIFE, said, spec, started, toldTo, SUCCEEDED } from './fixtures/told.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));
const { tell, rows, job, attempts, kinds, everything } = toldTo(() => journal);

describe('a job’s row', () => {
  test('is what its records and its attempts say together', async () => {
    for (const entry of LIFE) await tell(entry);
    expect(job()).toMatchObject({
      status: 'ABORTED',
      workflow_status: 'ABORTED',
      rev: 7,
      attempts_ended: 3,
      last_started: 3,
      priority: 9,
      band: null,
      failures: 1,
      halts: 1,
      payload: '{"ms":5}',
      tags: '["x","y"]',
      metadata: '{"by":"test"}',
      reason_code: 'ABORTED_BY_USER',
      reason_message: 'enough',
      abort_grace_ms: 250,
      created_at: 1_000,
      queued_at: 1_000,
      started_at: 1_500,
      starts_at: 2_500,
      finished_at: 7_000,
    });
    expect(
      attempts().map(({ outcome, exit_code, signal, kill_ms, killed_pids }) => [outcome, exit_code, signal, kill_ms, killed_pids]),
    ).toEqual([
      ['FAILED', null, null, null, '[]'],
      ['HALTED', 7, null, null, '[]'],
      ['ABORTED', null, 'SIGKILL', 12.5, '[103,104]'],
    ]);
    expect(rows('select tag from job_tag order by tag')).toEqual([{ tag: 'x' }, { tag: 'y' }]);
  });

  test('shows RUNNING from an attempt’s start until its workflow has taken note of its end', async () => {
    await tell(created);
    expect(job()['status']).toBe('QUEUED');
    await tell(started(1));
    expect(job()['status']).toBe('RUNNING');
    await tell(ended(1));
    expect(job()['status']).toBe('RUNNING');
    await tell(
      said(2, { status: 'SUCCEEDED', band: null, attemptsEnded: 1, finishedAt: 2_000, ended: { number: 1, outcome: 'SUCCEEDED' } }),
    );
    expect(job()['status']).toBe('SUCCEEDED');
  });

  test('is RUNNING also where the worker was quicker to tell of the attempt than anybody of the job', async () => {
    await tell(started(1));
    expect(job()).toBeUndefined();
    await tell(created);
    expect(job()).toMatchObject({ status: 'RUNNING', last_started: 1, started_at: 1_500 });
  });

  test('begins each attempt without the progress of the one before', async () => {
    await tell(created, started(1), { kind: 'progress', jobId: 'a', number: 1, fraction: 0.9, at: 1 });
    expect(job()['progress']).toBe(0.9);
    await tell(
      ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }),
      said(2, { failures: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'FAILED', error } }),
      started(2, 2_500),
    );
    expect(job()['progress']).toBeNull();
  });

  test('is made by any record that tells of the whole job, where the first one is late', async () => {
    const second = said(2, { ...SUCCEEDED, spec });
    await tell(created, started(1), second);
    const inOrder = { ...job(), version: 0 };
    journal.sqlite.exec('delete from job; delete from attempt; delete from event; delete from job_tag');
    await tell(started(1), second, created);
    expect({ ...job(), version: 0 }).toEqual(inOrder);
    expect(kinds().sort()).toEqual(['ATTEMPT_ENDED', 'CREATED', 'FINISHED', 'QUEUED', 'STARTED']);
    expect(rows('select tag from job_tag order by tag')).toEqual([{ tag: 'x' }, { tag: 'y' }]);
  });

  test('that no first record has made waits for the reconciler: nothing is made up', async () => {
    await tell(said(3, { status: 'FAILED', finishedAt: 3_000 }));
    expect(job()).toBeUndefined();
    expect(kinds()).toEqual([]);
  });
});

describe('what is told again changes nothing', () => {
  test.each(LIFE.map((entry, index) => [index, entry] as const))('entry %i, at once', async (index, entry) => {
    for (const before of LIFE.slice(0, index + 1)) await tell(before);
    const once = everything();
    await tell(entry);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, in order', async () => {
    await tell(...LIFE);
    const once = everything();
    await tell(...LIFE);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, backwards', async () => {
    await tell(...LIFE);
    const once = everything();
    for (const entry of LIFE.toReversed()) await tell(entry);
    expect(everything()).toEqual(once);
  });

  test('all of a life once more, in any order', async () => {
    await tell(...LIFE);
    const once = everything();
    for (let round = 1; round <= 20; round++) {
      // A linear congruential generator: any order, the same in every run.
      let seed = round;
      const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31);
      const shuffled = LIFE.map((entry) => ({ entry, at: random() }))
        .sort((left, right) => left.at - right.at)
        .map(({ entry }) => entry);
      await tell(...shuffled);
      expect(everything()).toEqual(once);
    }
  });
});

describe('a record that comes late', () => {
  test('does not take the job back, and keeps its events', async () => {
    await tell(created, said(3, { priority: 9, band: 7, events: [{ kind: 'PRIORITY_SET' }] }));
    await tell(said(2, { priority: 5, band: 11, events: [{ kind: 'FORCED' }] }));
    expect(job()).toMatchObject({ rev: 3, priority: 9, band: 7 });
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'PRIORITY_SET', 'FORCED']);
  });

  test('after the same without its events keeps them: the api may be quicker than the workflow', async () => {
    await tell(created, said(2, { abortRequestedAt: 2_000, events: [] }));
    await tell(said(2, { abortRequestedAt: 2_000, events: [{ kind: 'ABORT_REQUESTED' }] }));
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'ABORT_REQUESTED']);
    expect(job()['version']).toBe(rows('select max(seq) as seq from event')[0]!['seq']);
  });
});
