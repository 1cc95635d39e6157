import { beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/journal/entries.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';
import { created, ended, error, said, spec, started, toldTo, SUCCEEDED } from './fixtures/told.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));
const { tell, rows, job, attempts, kinds, everything } = toldTo(() => journal);

describe('an attempt', () => {
  test('only moves from started to ended', async () => {
    await tell(created, started(1), ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }));
    await tell(
      ended(1, { outcome: 'SUCCEEDED', at: 9_000 }),
      started(1),
      started(1, 1_400, { pid: null }),
      started(1, 1_700, { pid: null }),
    );
    expect(attempts()).toMatchObject([{ outcome: 'FAILED', finished_at: 1_900, started_at: 1_500, worker_id: 'w1' }]);
    expect(kinds().filter((kind) => kind === 'ATTEMPT_ENDED')).toHaveLength(1);
  });

  test('has what was noted on it, also where the workflow was quicker to tell of its end', async () => {
    await tell(created, started(1), ended(1, { outcome: 'SUCCEEDED', annotations: { a: [1] } }));
    await tell(started(2, 2_500), said(2, { attemptsEnded: 2, ended: { number: 2, outcome: 'SUCCEEDED' } }));
    await tell(ended(2, { at: 2_900, outcome: 'SUCCEEDED', annotations: { b: 2 } }), ended(2, { at: 2_900, outcome: 'SUCCEEDED' }));
    expect(attempts().map(({ annotations }) => annotations)).toEqual(['{"a":[1]}', '{"b":2}']);
  });

  test('that starts after its end begins anew: its job was reset in Temporal', async () => {
    await tell(created, started(1), ended(1, { outcome: 'FAILED', error, code: 'HANDLER_ERROR' }));
    await tell(started(1, 9_500, { workerId: 'w2' }));
    expect(attempts()).toMatchObject([{ outcome: null, finished_at: null, started_at: 9_500, worker_id: 'w2', error: null, code: null }]);
    await tell(ended(1, { outcome: 'SUCCEEDED', at: 9_900 }));
    expect(attempts()).toMatchObject([{ outcome: 'SUCCEEDED', finished_at: 9_900 }]);
    expect(kinds().filter((kind) => kind === 'ATTEMPT_ENDED')).toHaveLength(2);
  });

  test('that starts anew before the end of the first is known is not closed by it', async () => {
    await tell(created, started(1), started(1, 1_700, { workerId: 'w2' }));
    await tell(ended(1, { startedAt: 1_500, outcome: 'LOST', code: 'LOST', error, at: 1_800 }));
    expect(attempts()).toMatchObject([{ outcome: null, worker_id: 'w2' }]);
    await tell(ended(1, { startedAt: 1_700 }));
    expect(attempts()).toMatchObject([{ outcome: 'SUCCEEDED', worker_id: 'w2', error: null }]);
  });

  test('that is told of before its job makes the row, so that the feed begins with CREATED', async () => {
    await tell(started(1, 1_500, { spec }), created);
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'STARTED']);
    expect(job()).toMatchObject({ status: 'RUNNING', last_started: 1 });
  });

  test('that its workflow has ended first still gets what only its worker knows', async () => {
    await tell(created, started(1), said(2, { halts: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'HALTED', error } }));
    const events = kinds();
    await tell(ended(1, { outcome: 'HALTED', code: 'HALTED', error, exitCode: 137, signal: 'SIGKILL' }));
    expect(attempts()).toMatchObject([{ outcome: 'HALTED', finished_at: 2_000, exit_code: 137, signal: 'SIGKILL', code: 'HALTED' }]);
    expect(kinds()).toEqual(events);
  });

  test('keeps what its workflow said where its worker saw another end', async () => {
    await tell(created, started(1), said(2, { losses: 1, attemptsEnded: 1, ended: { number: 1, outcome: 'LOST', error } }));
    await tell(ended(1, { outcome: 'ABORTED', code: 'ABORTED_BY_USER', signal: 'SIGTERM', killMs: 3 }));
    expect(attempts()).toMatchObject([{ outcome: 'LOST', signal: null, code: null }]);
  });
});

describe('progress', () => {
  test('may go back and come again: each is one event', async () => {
    await tell(created, started(1));
    for (const [at, fraction] of [0.5, 0.2, 0.5].entries()) await tell({ kind: 'progress', jobId: 'a', number: 1, fraction, at });
    expect(job()['progress']).toBe(0.5);
    expect(kinds().filter((kind) => kind === 'PROGRESSED')).toHaveLength(3);
  });

  test('of an attempt that is not the last one counts for nothing', async () => {
    await tell(created, started(1), ended(1, { outcome: 'LOST', error, code: 'LOST' }), started(2));
    await tell({ kind: 'progress', jobId: 'a', number: 1, fraction: 0.9, at: 1 });
    expect(job()['progress']).toBeNull();
  });
});

describe('a termination', () => {
  test('ends the job and the attempts that were open, as aborted', async () => {
    await tell(created, started(1), { kind: 'terminated', jobId: 'a', at: 5_000, code: 'TERMINATED', message: 'terminated in Temporal' });
    expect(job()).toMatchObject({ status: 'ABORTED', reason_code: 'TERMINATED', finished_at: 5_000, band: null });
    expect(attempts()).toMatchObject([{ outcome: 'ABORTED', finished_at: 5_000 }]);
    expect(kinds().at(-1)).toBe('FINISHED');
  });

  test('by a fault is a failure', async () => {
    await tell(created, { kind: 'terminated', jobId: 'a', at: 5_000, code: 'INTERNAL', message: 'its workflow timed out in Temporal' });
    expect(job()).toMatchObject({ status: 'FAILED', reason_code: 'INTERNAL' });
  });

  test('of a job that is final, or of none, changes nothing', async () => {
    await tell(created, said(2, { status: 'SUCCEEDED', finishedAt: 2_000 }));
    const before = everything();
    await tell(
      { kind: 'terminated', jobId: 'a', at: 5_000, code: 'TERMINATED', message: 'x' },
      { kind: 'terminated', jobId: 'b', at: 5_000, code: 'TERMINATED', message: 'x' },
    );
    expect(everything()).toEqual(before);
  });
});

describe('what is told again from Temporal', () => {
  const final = said(2, SUCCEEDED);
  const again: Entry = { kind: 'reconciled', jobId: 'a', at: 9_000, entries: [started(1), created, final] };

  test('repairs a job that was missing, and says so once', async () => {
    await tell(again, again);
    expect(job()).toMatchObject({ status: 'SUCCEEDED', finished_at: 2_000, last_started: 1 });
    expect(kinds().filter((kind) => kind === 'RECONCILED')).toHaveLength(1);
    expect(kinds().at(-1)).toBe('RECONCILED');
  });

  test('repairs a job whose last record was lost, and says so once', async () => {
    await tell(created, started(1));
    await tell(again, again);
    expect(job()['status']).toBe('SUCCEEDED');
    expect(kinds()).toEqual(['CREATED', 'QUEUED', 'STARTED', 'ATTEMPT_ENDED', 'FINISHED', 'RECONCILED']);
    expect(job()['version']).toBe(rows('select max(seq) as seq from event')[0]!['seq']);
  });

  test('says nothing where the journal had it all', async () => {
    await tell(created, started(1), final);
    const before = everything();
    await tell(again);
    expect(everything()).toEqual(before);
  });
});
