import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { Feed } from './fixtures/feed.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());
const create = (millrace: Millrace, input: Record<string, unknown> = {}): Promise<string> =>
  millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });

describe('a journal that is deleted while all runs', () => {
  let millrace: Millrace;
  beforeAll(async () => void (millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } })));
  afterAll(() => millrace.stop());

  const FIELDS = `id type status priority band tags payload result createdAt finishedAt version attempts { nodes { number outcome } }`;
  const EVENTS = 'subscription ($after: String) { jobEvents(after: $after) { events { kind } cursor gap } }';

  test.each([
    ['with the files beside it', ['', '-wal', '-shm']],
    ['alone, its -wal and -shm left behind', ['']],
  ])('%s is made anew: jobs go on, what Temporal knows is back, and who watches is told', { timeout: 120_000 }, async (_, suffixes) => {
    const gate = scratch.path();
    onTestFinished(() => scratch.open(gate));
    const feed = await Feed.follow(millrace);
    onTestFinished(() => feed.stop());
    const done = await create(millrace, { tags: ['kept'], payload: { ms: 1 } });
    const inLine = await create(millrace, { pool: 'nobody', priority: 3 });
    const held = await create(millrace, { hold: true });
    await millrace.until(done, 'SUCCEEDED');
    const [running, other] = (await Promise.all(
      [1, 2].map(() => create(millrace, { type: 'test.marks', payload: { file: scratch.path(), gate } })),
    )) as [string, string];
    for (const id of [running, other]) await millrace.until(id, 'RUNNING');
    const paused = await create(millrace, { queue: 'still' });
    await millrace.client.data('mutation { pauseQueue(input: { name: "still" }) { userErrors { code } } }');
    const ids = [done, inLine, held, running, paused];
    await feed.until('CREATED', ids);
    await eventually('it is paused in the line', () => isPausedInLine(millrace, paused));
    const before = new Map(await Promise.all(ids.map(async (id) => [id, await millrace.job(id, FIELDS)] as const)));
    const first = new Subscriber(millrace.url, EVENTS);
    const { cursor } = (await first.next())!.data!['jobEvents'];
    first.cut();
    const one = new Subscriber(millrace.url, 'subscription ($id: ID!) { jobUpdated(id: $id) { status } }', { id: running });
    onTestFinished(() => one.cut());
    await one.next();

    for (const suffix of suffixes) rmSync(join(millrace.dataDir, `journal.db${suffix}`), { force: true });
    const meanwhile = await create(millrace, { tags: ['meanwhile'] });
    await eventually('nobody holds the old file', () => openButDeleted(millrace).length === 0);
    for (const id of ids)
      await eventually(
        () => `${id} is back`,
        async () => {
          const { version, ...job } = (await millrace.job(id, FIELDS)) ?? {};
          const { version: old, ...was } = before.get(id);
          return version > old && JSON.stringify(job) === JSON.stringify(was);
        },
        60_000,
      );
    expect((await millrace.job(running, 'lastAttempt { pid }')).lastAttempt.pid).toBeGreaterThan(0);
    scratch.open(gate);
    expect(await millrace.untilFinal(running)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1, losses: 0 });
    expect((await one.collect(() => false)).at(-1)?.data).toEqual({ jobUpdated: { status: 'SUCCEEDED' } });
    await millrace.until(meanwhile, 'SUCCEEDED');
    expect((await millrace.job(paused)).status).toBe('QUEUED');
    await millrace.client.data('mutation { resumeQueue(input: { name: "still" }) { userErrors { code } } }');
    await millrace.until(paused, 'SUCCEEDED');
    await feed.until('FINISHED', [running]);
    expect(feed.gaps).toBe(1);
    const versions = feed.events.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    const back = new Subscriber(millrace.url, EVENTS, { after: cursor });
    onTestFinished(() => back.cut());
    expect((await back.next())?.data).toMatchObject({ jobEvents: { events: [], gap: true } });
    await eventually('the worker has shown itself, and published its types', async () => {
      const { workers, jobTypes } = await millrace.client.data('{ workers { status } jobTypes { name } }');
      return workers.length === 1 && workers[0].status === 'RUNNING' && jobTypes.length > 5;
    });

    // Another process finds what these write.
    await millrace.role('api').stop();
    await millrace.startRole('api');
    expect(await millrace.job(running, 'status')).toEqual({ status: 'SUCCEEDED' });
    expect(await create(millrace).then((id) => millrace.untilFinal(id))).toMatchObject({ status: 'SUCCEEDED' });
  });
});

describe('a journal that cannot be written', () => {
  const LINES = Array.from({ length: 50 }, (_, index) => `line ${index + 1}`);

  /** Has jobs run while the journal cannot be written. Answers with the log of one when all of them are on record, after `free`. */
  async function runBlocked(millrace: Millrace, free: () => void): Promise<string[]> {
    const temporal = await TemporalView.of(millrace);
    try {
      const ids = await Promise.all([1, 2, 3, 4].map((n) => create(millrace, { id: `blocked-${n}`, payload: { ms: 10 } })));
      ids.push(await create(millrace, { id: 'blocked-talk', type: 'test.print', payload: { lines: LINES.length } }));
      // To the end by what Temporal knows, for the journal cannot know.
      await Promise.all(ids.map((id) => temporal.handle(id).result()));
      for (const id of ids) expect((await millrace.job(id, 'status'))?.status).not.toBe('SUCCEEDED');
      free();
      for (const id of ids) {
        await eventually(`${id} is on record`, async () => (await millrace.job(id, 'status'))?.status === 'SUCCEEDED', 40_000);
        await eventually(`its attempt as well`, async () => {
          const { nodes } = (await millrace.job(id, 'attempts { nodes { outcome } }')).attempts;
          return nodes.length === 1 && nodes[0].outcome === 'SUCCEEDED';
        });
      }
      const { lastAttempt } = await millrace.job('blocked-talk', 'lastAttempt { log { nodes { text } } }');
      return lastAttempt.log.nodes.map(({ text }: { text: string }) => text);
    } finally {
      free();
      await temporal.close();
    }
  }

  test('because no file may grow any more stops nothing, and all is on record when it may', { timeout: 120_000 }, async () => {
    const millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
    onTestFinished(() => millrace.stop());
    await millrace.until(await create(millrace), 'SUCCEEDED');
    // RLIMIT_FSIZE needs no rights; to SQLite it is an I/O error of the write.
    const limit = (bytes: string): void => {
      for (const { pid } of millrace.roles.values()) execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
    };
    limit('65536');
    expect(await runBlocked(millrace, () => limit('unlimited'))).toEqual(LINES);
  });

  const disk = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
  const isMounted = mount(disk);
  afterAll(() => {
    if (isMounted) execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  test.skipIf(!isMounted)(
    'because its disk is full stops nothing, and all is on record when there is room (needs the right to mount)',
    { timeout: 120_000 },
    async () => {
      const millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS, MILLRACE_JOURNAL: join(disk, 'journal.db') } });
      onTestFinished(() => millrace.stop());
      await millrace.until(await create(millrace), 'SUCCEEDED');
      const ballast = join(disk, 'ballast');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize, 1));
      expect(statfsSync(disk).bavail).toBe(0);
      expect(await runBlocked(millrace, () => rmSync(ballast, { force: true }))).toEqual(LINES);
    },
  );
});

function mount(dir: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function isPausedInLine({ dataDir }: Millrace, id: string): boolean {
  const journal = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
  try {
    return journal.prepare('select in_line_paused from job where id = ?').get(id)?.['in_line_paused'] === 1;
  } finally {
    journal.close();
  }
}

/** The journal's files that a process of this Millrace has open and nobody else can find. */
function openButDeleted(millrace: Millrace): string[] {
  return Array.from(millrace.roles.values()).flatMap(({ pid }) =>
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return /journal\.db.*\(deleted\)$/.test(target) ? [target] : [];
      } catch {
        return [];
      }
    }),
  );
}
