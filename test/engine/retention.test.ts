import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let journal: DatabaseSync;
beforeAll(async () => {
  millrace = await Millrace.start({
    slots: 2,
    env: { MILLRACE_JOBS: TEST_JOBS, MILLRACE_RETENTION_LOGS: '2h', MILLRACE_RETENTION_JOBS: '2d' },
  });
  journal = new DatabaseSync(join(millrace.dataDir, 'journal.db'), { timeout: 10_000 });
});
afterAll(async () => {
  journal.close();
  await millrace.stop();
});

const HOUR_MS = 3_600_000;
/** As if that time had passed since. */
const age = (what: 'event' | 'log_line', ms: number, ids: readonly string[]): void =>
  void journal.prepare(`update ${what} set at = at - ? where job_id in (${ids.map(() => '?').join()})`).run(ms, ...ids);
const ageEnd = (id: string, ms: number): void =>
  void journal.prepare('update job set finished_at = finished_at - ? where id = ?').run(ms, id);
const count = (what: string, id: string): number =>
  Number(journal.prepare(`select count(*) as n from ${what} where job_id = ?`).get(id)?.['n']);
const mutate = (field: string, id: string): Promise<unknown> =>
  millrace.client.data(`mutation ($id: ID!) { ${field}(input: { id: $id }) { userErrors { code } } }`, { id });

const EVENTS = 'subscription ($jobId: ID, $after: String) { jobEvents(jobId: $jobId, after: $after) { events { jobId kind } cursor gap } }';
type Batch = { events: { jobId: string; kind: string }[]; cursor: string; gap: boolean };
function subscribe(query: string, variables: Record<string, unknown> = {}): Subscriber {
  const subscriber = new Subscriber(millrace.url, query, variables);
  onTestFinished(() => subscriber.cut());
  return subscriber;
}
const next = async (subscriber: Subscriber): Promise<Batch> => (await subscriber.next())?.data?.['jobEvents'] as Batch;
/** The pruner has its turn every 10 s. */
const PRUNED_WITHIN_MS = 60_000;

test(
  'events and log lines go when they are old, the jobs stay, and who comes back from before is told of the gap',
  { timeout: 300_000 },
  async () => {
    const { cursor: atFirst } = await next(subscribe(EVENTS));
    const ended = await millrace.create({ type: 'test.print', payload: { lines: 500 } });
    const held = await millrace.create({ type: 'sleep', payload: { ms: 0 }, hold: true });
    await millrace.until(ended, 'SUCCEEDED');
    await millrace.until(held, 'HELD');
    // More than a few steps of the pruner.
    journal.exec('begin immediate');
    const insert = journal.prepare(
      `insert into log_line (job_id, attempt, at, stream, text, dropped) values (?, 1, ?, 'STDOUT', 'old', 0)`,
    );
    for (let line = 0; line < 2_500; line++) insert.run(ended, Date.now());
    age('event', 3 * HOUR_MS, [ended, held]);
    age('log_line', 3 * HOUR_MS, [ended]);
    const young = insert.run(ended, Date.now()).lastInsertRowid;
    journal.exec('commit');
    const watching = subscribe(EVENTS);
    const { cursor: afterAll } = await next(watching);

    await eventually(
      'all that is old is pruned',
      () => count('event', ended) + count('event', held) + count('log_line', ended) === 1,
      PRUNED_WITHIN_MS,
    );
    expect(journal.prepare('select seq from log_line where job_id = ?').all(ended)).toEqual([{ seq: Number(young) }]);
    expect(await millrace.job(ended, 'status attempts { nodes { outcome } } events { nodes { kind } }')).toEqual({
      status: 'SUCCEEDED',
      attempts: { nodes: [{ outcome: 'SUCCEEDED' }] },
      events: { nodes: [] },
    });

    expect(await next(subscribe(EVENTS, { after: atFirst }))).toMatchObject({ events: [], gap: true });
    expect(await next(subscribe(EVENTS, { after: afterAll }))).toMatchObject({ events: [], gap: false });
    expect(await next(subscribe(EVENTS, { jobId: ended }))).toMatchObject({ events: [], gap: true });
    // Who was there has missed nothing, and the job that is open goes on.
    await mutate('releaseJob', held);
    await millrace.until(held, 'SUCCEEDED');
    const { events, gap } = await next(watching);
    expect({ kind: events[0]?.kind, jobId: events[0]?.jobId, gap }).toEqual({ kind: 'RELEASED', jobId: held, gap: false });
    const fresh = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
    await millrace.until(fresh, 'SUCCEEDED');
    expect(await next(subscribe(EVENTS, { jobId: fresh }))).toMatchObject({ events: { length: 5 }, gap: false });
  },
);

test(
  'a job goes with all that is its own when it ended long ago, but not while an open one depends on it',
  { timeout: 300_000 },
  async () => {
    const old = await millrace.create({ type: 'test.print', payload: { lines: 700 }, tags: ['old'] });
    const needed = await millrace.create({ type: 'sleep', payload: { ms: 0 }, tags: ['old'] });
    const recent = await millrace.create({ type: 'sleep', payload: { ms: 0 }, tags: ['old'] });
    for (const id of [old, needed, recent]) await millrace.until(id, 'SUCCEEDED');
    const waiting = await millrace.create({ type: 'sleep', payload: { ms: 0 }, dependencies: [needed], hold: true });
    const watching = subscribe(`subscription { jobsUpdated(filter: { tagsAny: ["old"] }) { isSnapshot changed { id } removed } }`);
    await watching.next();
    ageEnd(old, 49 * HOUR_MS);
    ageEnd(needed, 49 * HOUR_MS);
    ageEnd(recent, 47 * HOUR_MS);

    await eventually('the old job is forgotten', async () => (await millrace.job(old)) === null, PRUNED_WITHIN_MS);
    for (const table of ['attempt', 'log_line', 'job_tag', 'dependency']) expect(count(table, old), table).toBe(0);
    expect(journal.prepare('select kind from event where job_id = ?').all(old)).toEqual([{ kind: 'DELETED' }]);
    const removed = (await watching.collect((all) => all.at(-1)?.data?.['jobsUpdated'].removed.includes(old) as boolean)).flatMap(
      ({ data }) => data!['jobsUpdated'].removed as string[],
    );
    expect(removed).not.toContain(needed);
    expect(removed).not.toContain(recent);
    expect([(await millrace.job(needed)).status, (await millrace.job(recent)).status]).toEqual(['SUCCEEDED', 'SUCCEEDED']);

    await mutate('releaseJob', waiting);
    await millrace.until(waiting, 'SUCCEEDED');
    await eventually('what it depended on is forgotten as well', async () => (await millrace.job(needed)) === null, PRUNED_WITHIN_MS);
    expect((await millrace.job(recent)).status).toBe('SUCCEEDED');
    // Temporal has them still: nothing brings them back, also not an orchestrator that looks at all of it again.
    await millrace.role('orchestrator').stop();
    await millrace.startRole('orchestrator');
    const lost = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
    await millrace.until(lost, 'SUCCEEDED');
    for (const table of ['attempt', 'event']) journal.prepare(`delete from ${table} where job_id = ?`).run(lost);
    journal.prepare('delete from job where id = ?').run(lost);
    await eventually('the reconciler has been at work', async () => (await millrace.job(lost)) !== null, PRUNED_WITHIN_MS);
    expect([await millrace.job(old), await millrace.job(needed)]).toEqual([null, null]);
  },
);
