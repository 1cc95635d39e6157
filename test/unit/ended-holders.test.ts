import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedAmong } from '../../src/activities/ended-holders.ts';
import { openJournal, type OpenJournal } from './fixtures/open-journal.ts';
import { created, ended, error, spec, started, toldTo } from './fixtures/told.ts';

let journal: OpenJournal;
beforeEach(async () => void (journal = await openJournal()));
const { tell } = toldTo(() => journal);

const { PENDING_ACTIVITY_STATE_SCHEDULED: IN_LINE, PENDING_ACTIVITY_STATE_STARTED: STARTED } =
  proto.temporal.api.enums.v1.PendingActivityState;
const CLOSED = 10_000;
/** By then its guardian has killed what a worker runs that nobody hears of. */
const FENCED = CLOSED + 30_001;

/** A server that knows the job `a` as closed, with the attempt it had open then; or that has deleted it. */
function isOut(nowMs: number, attempt?: { state: number; number?: number } | 'deleted'): Promise<boolean> {
  const open =
    typeof attempt === 'object' ? [{ activityType: { name: 'attempt' }, activityId: `attempt-${attempt.number ?? 1}`, ...attempt }] : [];
  const describe = async () => {
    if (attempt === 'deleted') throw new WorkflowNotFoundError('none', 'job:a', undefined);
    return { closeTime: new Date(CLOSED), raw: { pendingActivities: open } };
  };
  const client = { workflow: { getHandle: () => ({ describe }) } } as unknown as Client;
  return endedAmong({ client, journal }, [{ jobId: 'a', ticket: 1 }], nowMs).then((out) => out.length === 1);
}
const terminated = { kind: 'terminated' as const, jobId: 'a', at: CLOSED, code: 'TERMINATED' as const, message: 'gone' };

describe('a holder that was terminated is out', () => {
  test('at once where nothing of it was in line, or had started', async () => {
    await tell(created);
    expect(await isOut(CLOSED)).toBe(true);
    expect(await isOut(CLOSED, { state: IN_LINE })).toBe(true);
  });

  test('when its worker has said that its processes are gone, whatever the journal had been told before', async () => {
    await tell(created, started(1));
    expect(await isOut(CLOSED + 9_000, { state: STARTED })).toBe(false);
    // The reconciler was quicker to end its attempt.
    await tell(terminated);
    expect(await isOut(CLOSED + 9_000, { state: STARTED })).toBe(false);
    await tell(ended(1, { startedAt: 1_500, outcome: 'LOST', code: 'LOST', error, at: CLOSED + 9_000 }));
    expect(await isOut(CLOSED + 9_000, { state: STARTED })).toBe(true);
  });

  test('not by what is known of an attempt before, nor of one that the journal has not heard of', async () => {
    await tell(created, started(1), ended(1));
    expect(await isOut(CLOSED + 9_000, { state: STARTED, number: 2 })).toBe(false);
    expect(await isOut(FENCED, { state: STARTED, number: 2 })).toBe(true);
  });

  test('of a worker that says nothing when its guardian must have ended it, and not before', async () => {
    await tell(created, started(1));
    expect(await isOut(FENCED - 1, { state: STARTED })).toBe(false);
    expect(await isOut(FENCED, { state: STARTED })).toBe(true);
  });
});

describe('a holder that Temporal has deleted is out', () => {
  test('when its worker has said so, or after its time, from when the reconciler has seen it', async () => {
    await tell(created, started(1));
    expect(await isOut(FENCED, 'deleted')).toBe(false);
    await tell(terminated);
    expect(await isOut(FENCED - 1, 'deleted')).toBe(false);
    expect(await isOut(FENCED, 'deleted')).toBe(true);
    await tell(ended(1, { startedAt: 1_500, outcome: 'LOST' }));
    expect(await isOut(CLOSED, 'deleted')).toBe(true);
  });

  test('after its time where a client has had it deleted', async () => {
    await tell(created, started(1), terminated, { kind: 'deleted', jobId: 'a', createdAt: spec.createdAt, at: CLOSED });
    expect(await isOut(FENCED - 1, 'deleted')).toBe(false);
    expect(await isOut(FENCED, 'deleted')).toBe(true);
  });

  test('not where the journal cannot be read', async () => {
    journal.sqlite.exec('drop table job');
    expect(await isOut(FENCED, 'deleted')).toBe(false);
  });
});
