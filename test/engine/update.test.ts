import { randomUUID } from 'node:crypto';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { bandOfPriority } from '../../src/job/bands.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, untilAllFinal } from './fixtures/orders.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal, orders } = shared));
beforeAll(async () => {
  // Takes the slot, so that all others stand in line.
  await millrace.until(await millrace.create({ id: 'in-the-way', type: 'sleep', payload: { ms: 600_000 } }), 'RUNNING');
});

test('of 100 priorities set one after another, each stands in Temporal when it is answered', async () => {
  const id = await queued();
  for (let change = 0; change < 100; change++) {
    const priority = 1 + ((change * 7) % 10);
    expect(await orders.setPriority(id, priority)).toMatchObject({ codes: [], job: { priority, band: bandOfPriority(priority) } });
    expect(await temporal.openAttempt(id)).toMatchObject({ inLine: true, band: bandOfPriority(priority) });
  }
  await orders.abort(id);
});

test('of 100 priorities set at once on the same few jobs, the last one to be taken stands in Temporal', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, queued));
  for (let round = 0; round < 5; round++) {
    const changes = ids.flatMap((id, index) =>
      [3, 9, 1, 6].map((priority) => orders.setPriority(id, 1 + ((priority + round + index) % 10))),
    );
    for (const { codes } of await Promise.all(changes)) expect(codes).toEqual([]);
    for (const id of ids) {
      const { priority, band, events } = await millrace.job(id, 'priority band events { nodes { kind detail } }');
      expect(await temporal.openAttempt(id)).toMatchObject({ inLine: true, band: bandOfPriority(priority) });
      expect(band).toBe(bandOfPriority(priority));
      expect(events.nodes.findLast(({ kind }: { kind: string }) => kind === 'PRIORITY_SET').detail).toEqual({ priority });
    }
  }
  await Promise.all(ids.map((id) => orders.abort(id)));
});

test('force and priority set at once leave the job forced, with the priority kept', async () => {
  const id = await queued();
  const answers = await Promise.all([orders.setPriority(id, 4), orders.forceStart(id), orders.setPriority(id, 8), orders.forceStart(id)]);
  for (const { codes } of answers) expect(codes).toEqual([]);
  const { priority } = await millrace.job(id, 'priority');
  expect([4, 8]).toContain(priority);
  expect(await temporal.openAttempt(id)).toMatchObject({ inLine: true, band: 2 });
  await orders.abort(id);
});

test('the abort of many jobs in line is in the feed of each, before its end', async () => {
  const tag = randomUUID();
  const ids = await Promise.all(Array.from({ length: 30 }, () => queued([tag])));
  const answers = await Promise.all(ids.map((id) => orders.abort(id, { message: 'all of them' })));
  for (const answer of answers)
    expect(answer).toMatchObject({ codes: [], job: { status: 'ABORTED', reason: { code: 'ABORTED_BY_USER', message: 'all of them' } } });
  await untilAllFinal(millrace, tag, ids.length);
  for (const id of ids) expect(await kindsOf(id)).toEqual(['CREATED', 'QUEUED', 'ABORT_REQUESTED', 'FINISHED']);
});

test('a job that becomes final while it is told something answers ALREADY_FINISHED with the job, never an error', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => queued()));
  for (const id of ids) {
    const [, ...others] = await Promise.all([
      orders.abort(id),
      orders.setPriority(id, 7),
      orders.forceStart(id),
      orders.setPriority(id, 3),
    ]);
    for (const { codes, job } of others) {
      expect([[], ['ALREADY_FINISHED']]).toContainEqual(codes);
      expect(job).toMatchObject({ id });
    }
    expect(await millrace.job(id)).toMatchObject({ status: 'ABORTED' });
  }
});

test('what a job is told before its first step is done after it has been created', async () => {
  await millrace.role('orchestrator').kill();
  const bumped = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  const aborted = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  // Past the api, whose patience is shorter than an orchestrator may need to start on a busy machine.
  const told = Promise.all([
    temporal.handle(bumped).executeUpdate('setPriority', { args: [7] }),
    temporal.handle(aborted).executeUpdate('abort', { args: [{ message: 'early' }] }),
  ]);
  await Promise.all([told, millrace.startRole('orchestrator')]);

  await temporal.untilInLine([bumped], { [bumped]: bandOfPriority(7) });
  expect(await millrace.until(bumped, ({ priority }) => priority === 7)).toMatchObject({ status: 'QUEUED', band: bandOfPriority(7) });
  expect(await kindsOf(bumped)).toEqual(['CREATED', 'QUEUED', 'PRIORITY_SET']);
  expect(await millrace.untilFinal(aborted)).toMatchObject({ status: 'ABORTED', reason: { message: 'early' } });
  expect(await kindsOf(aborted)).toEqual(['CREATED', 'QUEUED', 'ABORT_REQUESTED', 'FINISHED']);
  await orders.abort(bumped);
});

async function queued(tags: string[] = []): Promise<string> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, tags });
  await temporal.untilInLine([id]);
  return id;
}

async function kindsOf(id: string): Promise<string[]> {
  const { events } = await millrace.job(id, 'events { nodes { kind } }');
  return events.nodes.map(({ kind }: { kind: string }) => kind);
}

test(
  'of thousands of commands to a job that stays in line each is taken: it goes on in a new run, at the tail of its band',
  { timeout: 240_000 },
  async () => {
    const id = await queued();
    const other = await queued();
    const handle = temporal.handle(id);
    const first = (await handle.describe()).runId;
    let told = 0;
    const change = async (): Promise<unknown> => orders.setPriority(id, 2 + (told++ % 2));
    await eventually(
      'it goes on in a new run',
      async () => {
        for (let at = 0; at < 20; at++) expect(await change()).toMatchObject({ codes: [] });
        return (await handle.describe()).runId !== first;
      },
      200_000,
    );
    expect((await handle.describe()).historyLength).toBeLessThan(1_000);
    const { priority } = await millrace.job(id, 'priority');
    await temporal.untilInLine([id], { [id]: bandOfPriority(priority) });
    expect(await orders.setPriority(id, 1)).toMatchObject({ codes: [], job: { status: 'QUEUED', band: 15 } });
    await eventually(
      'it stands behind who was there',
      async () => (await millrace.job(id, 'waitingFor { placeInLine }')).waitingFor.placeInLine === 2,
    );
    for (const each of [id, other]) expect(await orders.abort(each)).toMatchObject({ codes: [], job: { status: 'ABORTED' } });
  },
);

test('a job that is told thousands of things while it runs can be aborted all the same', { timeout: 240_000 }, async () => {
  const worker = await millrace.servePool('runs', 1);
  onTestFinished(() => worker.stop());
  const id = await millrace.create({ type: 'sleep', pool: 'runs', payload: { ms: 600_000 }, priority: 3 });
  await millrace.until(id, 'RUNNING');
  const handle = temporal.handle(id);
  const tell = (): Promise<unknown> => handle.executeUpdate('setPriority', { args: [3] });
  // Temporal takes ten at once.
  for (let told = 0; told < 1_800; told += 10) await Promise.all(Array.from({ length: 10 }, tell));
  await expect(tell()).resolves.toMatchObject({ priority: 3 });
  expect((await orders.setPriority(id, 4)).codes).toEqual(['UNSUPPORTED']);
  expect((await orders.hold(id)).codes).toEqual(['UNSUPPORTED']);
  expect((await orders.abort(id, { grace: '0s' })).codes).toEqual([]);
  expect(await millrace.until(id, 'ABORTED')).toMatchObject({ priority: 3, reason: { code: 'ABORTED_BY_USER' } });
});
