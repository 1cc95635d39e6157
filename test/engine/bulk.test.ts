import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest';
import { bulk, countsOf, createMany, FIELDS, type Operation, startBulk, watchBulk } from './fixtures/bulk.ts';
import { eventually } from './fixtures/eventually.ts';
import { type Orders, ordersTo } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let orders: Orders;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 4, env: { MILLRACE_JOBS: TEST_JOBS } });
  orders = ordersTo(millrace);
});
afterAll(() => millrace.stop());

const operation = async (id: string): Promise<any> =>
  (await millrace.client.data(`query ($id: ID!) { bulkOperation(id: $id) { ${FIELDS} } }`, { id }))['bulkOperation'];
const abortBulk = async (id: string): Promise<{ operation: any; codes: string[] }> => {
  const { abortBulkOperation } = await millrace.client.data(
    `mutation ($id: ID!) { abortBulkOperation(input: { id: $id }) { operation { ${FIELDS} } userErrors { code } } }`,
    { id },
  );
  return { operation: abortBulkOperation.operation, codes: abortBulkOperation.userErrors.map(({ code }: any) => code) };
};
const allAre = (tag: string, status: string, count: number): Promise<void> =>
  eventually(`${count} ${tag} are ${status}`, async () => (await countsOf(millrace, tag))[status] === count);

describe('a bulk operation', () => {
  test('does each action as the mutation on one job does it', async () => {
    const ids = await createMany(millrace, 3, 'each', { delay: '1h' });
    const all = { status: 'SUCCEEDED', matched: 3, done: 3, failed: 0, errors: [] };
    expect(await bulk(millrace, 'SET_PRIORITY', 'each', { priority: 7 })).toMatchObject({ action: 'SET_PRIORITY', ...all });
    for (const id of ids) expect(await millrace.job(id, 'priority status')).toEqual({ priority: 7, status: 'SCHEDULED' });
    expect(await bulk(millrace, 'HOLD', 'each')).toMatchObject(all);
    expect(await countsOf(millrace, 'each')).toEqual({ held: 3 });
    expect(await bulk(millrace, 'RELEASE', 'each')).toMatchObject(all);
    expect(await countsOf(millrace, 'each')).toEqual({ scheduled: 3 });
    expect(await bulk(millrace, 'FORCE_START', 'each')).toMatchObject(all);
    await allAre('each', 'succeeded', 3);
    expect(await bulk(millrace, 'RETRY', 'each')).toMatchObject(all);
    for (const id of ids) expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 2 });
    expect(await bulk(millrace, 'DELETE', 'each')).toMatchObject(all);
    expect(await countsOf(millrace, 'each')).toEqual({});
  });

  /** Undefined where all of them were done before it was told. */
  async function stoppedInTheMiddle(tag: string): Promise<Operation | undefined> {
    await createMany(millrace, 150, tag, { hold: true });
    const { matched, operation: begun } = await startBulk(millrace, 'ABORT', tag, { grace: '0s' });
    expect(matched).toBe(150);
    expect(begun).toMatchObject({ action: 'ABORT', matched: 150 });
    const told = (await watchBulk(millrace, begun!.id, ({ done }) => done > 0)).at(-1)!;
    const { codes } = await abortBulk(begun!.id);
    const ended = (await watchBulk(millrace, begun!.id)).at(-1)!;
    if (ended.done === 150) return undefined;
    expect(codes).toEqual([]);
    expect(told).toMatchObject({ status: 'RUNNING', matched: 150, finishedAt: null });
    return ended;
  }

  test('of 150 jobs tells its progress and is stopped in the middle: what it has done stays done, and another one does the rest', async () => {
    let tag = 'many-1';
    let stopped = await stoppedInTheMiddle(tag);
    // Where we are slow to hear of it there is no middle.
    for (let again = 2; !stopped && again < 6; again++) stopped = await stoppedInTheMiddle((tag = `many-${again}`));
    assert(stopped, 'none was stopped in the middle');
    expect(stopped).toMatchObject({ status: 'ABORTED', matched: 150, failed: 0 });
    expect(await countsOf(millrace, tag)).toEqual({ aborted: stopped.done, held: 150 - stopped.done });
    // Again it is no error.
    expect(await abortBulk(stopped.id)).toEqual({ operation: stopped, codes: [] });

    const { operation: other } = await startBulk(millrace, 'ABORT', tag);
    const seen = await watchBulk(millrace, other!.id);
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ status: 'SUCCEEDED', matched: 150, done: 150, failed: 0 });
    expect(seen.at(-1)!.finishedAt).not.toBeNull();
    expect(await operation(other!.id)).toEqual(seen.at(-1));
    expect(await countsOf(millrace, tag)).toEqual({ aborted: 150 });
    expect(await abortBulk(other!.id)).toEqual({ operation: seen.at(-1), codes: ['ALREADY_FINISHED'] });
  });

  test('counts a refusal as failed and says why, and a job that is as wished as done', async () => {
    const done = await createMany(millrace, 2, 'mixed', {});
    await allAre('mixed', 'succeeded', 2);
    const held = await createMany(millrace, 2, 'mixed-too', { hold: true, tags: ['mixed'] });
    await orders.abort(held[0]!);
    const { errors, ...counts } = await bulk(millrace, 'ABORT', 'mixed');
    expect(counts).toMatchObject({ status: 'SUCCEEDED', matched: 4, done: 2, failed: 2 });
    expect(errors).toEqual(done.map((jobId) => ({ jobId, error: { code: 'ALREADY_FINISHED', message: expect.any(String) as string } })));
    await createMany(millrace, 1, 'open', { hold: true });
    expect(await bulk(millrace, 'DELETE', 'open')).toMatchObject({
      failed: 1,
      errors: [{ jobId: 'open-0', error: { code: 'NOT_FINISHED' } }],
    });
  });

  test('as a dry run says how many match, and does nothing', async () => {
    await createMany(millrace, 3, 'dry', { hold: true });
    expect(await startBulk(millrace, 'ABORT', 'dry', { dryRun: true })).toEqual({ matched: 3, operation: null, userErrors: [] });
    const all = await startBulk(millrace, 'RELEASE', 'dry', { filter: {}, dryRun: true });
    expect(all.matched).toBeGreaterThanOrEqual(3);
    expect(await countsOf(millrace, 'dry')).toEqual({ held: 3 });
  });

  test('is refused where it lacks its priority, and is null where there is none', async () => {
    const refused = { matched: null, operation: null, userErrors: [{ code: 'INVALID_ARGUMENT', path: ['priority'] }] };
    expect(await startBulk(millrace, 'SET_PRIORITY', 'dry')).toEqual(refused);
    expect(await startBulk(millrace, 'SET_PRIORITY', 'dry', { priority: 11 })).toEqual(refused);
    expect(await operation('nobody')).toBeNull();
    expect(await abortBulk('nobody')).toEqual({ operation: null, codes: ['NOT_FOUND'] });
  });

  test('is about the jobs that match as it starts: those that come later are left alone', async () => {
    await createMany(millrace, 10, 'first', { hold: true, tags: ['both'] });
    const { operation: begun } = await startBulk(millrace, 'ABORT', 'both');
    await createMany(millrace, 2, 'second', { hold: true, tags: ['both'] });
    expect((await watchBulk(millrace, begun!.id)).at(-1)).toMatchObject({ matched: 10, done: 10 });
    expect(await countsOf(millrace, 'both')).toEqual({ aborted: 10, held: 2 });
  });

  test('goes on when its orchestrator is killed in the middle: every job is run again exactly once', { timeout: 180_000 }, async () => {
    const ids = await createMany(millrace, 24, 'again', { hold: true });
    await bulk(millrace, 'ABORT', 'again');
    for (let round = 1; ; round++) {
      const { operation: begun } = await startBulk(millrace, 'RETRY', 'again');
      const seen = await watchBulk(millrace, begun!.id, ({ done }) => done > 0);
      await millrace.role('orchestrator').kill();
      await millrace.startRole('orchestrator');
      const all = { status: 'SUCCEEDED', matched: 24, done: 24, failed: 0, errors: [] };
      expect((await watchBulk(millrace, begun!.id)).at(-1)).toMatchObject(all);
      await allAre('again', 'succeeded', 24);
      for (const id of ids) expect(await millrace.job(id, 'attemptCount')).toEqual({ attemptCount: round });
      // Where we are slow to hear of it all of them are done before the kill: it has had no middle.
      if (seen.at(-1)!.done < 24) return;
      expect(round).toBeLessThan(5);
    }
  });
});
