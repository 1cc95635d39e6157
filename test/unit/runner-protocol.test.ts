import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { cacheDirOf } from '../../src/cache-dir.ts';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { isAlive } from '../../src/process/group.ts';
import { within } from '../../src/process/within.ts';
import { type Listener, Runner, type RunnerEnd } from '../../src/worker/runner.ts';
import { anyValue } from './fixtures/junk.ts';
import { supervisor } from './fixtures/supervisor.ts';

/** Real runners with a job in them that says on their channel what it should not. */
let worker: ReturnType<typeof supervisor>;
beforeAll(() => {
  worker = supervisor();
});
afterAll(() => worker.guardian.stop());

const honest = (answer: string, ms = 0) => ({ answer, ms });
const message = (fields: object): string => `${JSON.stringify(fields)}\n`;
const done = (run: number, result: unknown): string => message({ type: 'done', run, result, reusable: true });

test.each([
  ['what is no JSON', 'not json\n'],
  ['a message of Node that hands over a socket', message({ cmd: 'NODE_HANDLE', type: 'net.Socket' })],
  ['a message of no known type', message({ type: 'exit', run: 1 })],
  ['an end with a field of the wrong type', message({ type: 'done', run: 1, result: 1, reusable: 'yes' })],
  ['progress of two', message({ type: 'progress', run: 1, fraction: 2 })],
  ['a value of 100,000 levels', `{"type":"done","run":1,"reusable":true,"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`],
])('a runner that says %s is killed, and that is a halt of its attempt alone', { timeout: 60_000 }, async (_, raw) => {
  const [bad, good] = await Promise.all([ready(), ready()]);
  const beside = good.run('the other', honest('well', 300));
  const { end } = await bad.run('speak', { raw: [raw], ms: 60_000 });
  expect(end).toMatchObject({ kind: 'died', signal: 'SIGKILL', broke: expect.stringContaining('it has said') });
  expect(bad.runner.spent).toBe(true);
  await bad.runner.kill(0);
  expect((await beside).end).toMatchObject({ kind: 'done', result: 'well' });
  expect((await good.run('again', honest('as well'))).end).toMatchObject({ kind: 'done', result: 'as well' });
});

test('a message that never ends is a halt long before it fills the memory', { timeout: 60_000 }, async () => {
  const { run } = await ready();
  const before = process.memoryUsage().rss;
  const { end } = await run('speak', { raw: ['x'.repeat(2 ** 20)], repeat: 64, ms: 60_000 });
  expect(end).toMatchObject({ kind: 'died', broke: expect.stringContaining('more than') });
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});

test('what a runner is given has no such bound: the results of all that its job has waited for', { timeout: 60_000 }, async () => {
  const { runner } = await ready();
  const dependencies = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`d${index}`, { status: 'SUCCEEDED', result: 'x'.repeat(2 ** 20 - 2) }]),
  );
  const job = { id: 'many', type: 'speak', queue: 'default', tags: [], metadata: null };
  const attempt = { job, payload: honest('well') as never, number: 1, deadlineAt: null, checkpoint: null, dependencies };
  expect(await runner.run(attempt, { progress() {}, save() {}, line() {}, annotate() {}, answered() {} })).toMatchObject({
    kind: 'done',
    result: 'well',
  });
});

test('a runner that closes its channel cannot answer: a halt', { timeout: 60_000 }, async () => {
  const { run } = await ready();
  expect((await run('speak', { close: true, ms: 60_000 })).end).toMatchObject({ kind: 'died', broke: 'it has closed its channel' });
});

test('a runner that dies in the middle of a message has not said it', { timeout: 60_000 }, async () => {
  const { run } = await ready();
  const { end } = await run('speak', { raw: [done(1, 'too much').slice(0, -3)], exit: 7 });
  expect(end).toEqual({ kind: 'died', exitCode: 7, signal: null, outOfHeap: false });
});

test('a runner that dies after it has answered has answered', { timeout: 60_000 }, async () => {
  const { run } = await ready();
  const { end } = await run('speak', { raw: [done(1, 'last words')], exit: 7 });
  expect(end).toMatchObject({ kind: 'done', result: 'last words' });
});

test('what is out of turn changes nothing: an end before the start, a second end, a second ready', { timeout: 60_000 }, async () => {
  const { run } = await ready();
  const readyAgain = message({ type: 'ready', types: [], problems: ['again'] });
  const { end } = await run('speak', { raw: [readyAgain, done(1, 'first'), done(1, 'second'), done(2, 'early')], answer: 'third' });
  expect(end).toMatchObject({ kind: 'done', result: 'first' });
  expect((await run('speak', honest('its own'))).end).toMatchObject({ kind: 'done', result: 'its own' });
});

test(
  'a handler that goes on after its end reaches no later attempt, although both are the first of their jobs',
  { timeout: 60_000 },
  async () => {
    const { run } = await ready();
    const after = [
      message({ type: 'progress', run: 1, fraction: 0.9 }),
      message({ type: 'checkpoint', run: 1, value: 'not yours' }),
      done(1, 'not yours'),
    ];
    expect((await run('a', { answer: 'a', after })).end).toMatchObject({ result: 'a' });
    const second = await run('b', honest('b', 200));
    expect(second).toMatchObject({ end: { kind: 'done', result: 'b' }, progress: [], saved: [] });
  },
);

test('an answer after the ask to stop does not keep the process, and the ask hangs on nothing it says', { timeout: 60_000 }, async () => {
  const { runner, run } = await ready();
  const here = Promise.withResolvers<void>();
  const running = run('speak', { stopFirst: true, answer: 'too late', after: [done(1, 'again')] }, () => here.resolve());
  await here.promise;
  const receipt = await runner.kill(30_000, running);
  expect(receipt).toMatchObject({ signal: 'SIGTERM', killedPids: [runner.pid] });
  expect(isAlive(runner.pid)).toBe(false);
  expect((await running).end).toMatchObject({ kind: 'done', result: 'too late', reusable: false });
});

test('whatever a handler says, its attempt ends, and the attempts of another runner are what they are', { timeout: 120_000 }, async () => {
  const seed = 7;
  const random = seeded(seed);
  const good = await ready();
  let bad = await ready();
  const kinds = new Set<string>();
  for (let count = 0; count < 25; count++) {
    const run = bad.runs + 1;
    const raw = Array.from({ length: 1 + Math.floor(random() * 4) }, () => line(random, run));
    const payload = { raw, answer: 'own', ...(random() < 0.2 ? { exit: 3 } : {}) };
    const beside = good.run('other', honest(`good ${count}`));
    const attempt = bad.run('speak', payload);
    expect(await within(30_000, attempt), `seed ${seed}, ${JSON.stringify(payload)} ends`).toBe(true);
    const { end, progress } = await attempt;
    kinds.add(end.kind);
    expect(progress.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    expect((await beside).end, `seed ${seed}`).toMatchObject({ kind: 'done', result: `good ${count}` });
    // As the pool does: what is not in order is ended and never used again.
    if (end.kind === 'died' || !end.reusable || bad.runner.spent || payload.exit !== undefined) {
      await bad.runner.kill(0);
      bad = await ready();
    }
  }
  expect([...kinds].sort()).toEqual(['died', 'done', 'failed']);
});

/** A line that a handler may write: a message of this run or another one, whole, cut or bent, or anything. */
function line(random: () => number, run: number): string {
  const whole = [
    { type: 'started', run, at: 1 },
    { type: 'progress', run, fraction: random() },
    { type: 'checkpoint', run: run + Math.floor(random() * 3), value: anyValue(random) },
    { type: 'done', run: run + 1 - Math.floor(random() * 2), result: anyValue(random), reusable: random() < 0.8 },
    { type: 'failed', run, code: 'HANDLER_ERROR', error: { name: 'E', message: 'm', retryable: true }, reusable: true },
    { type: 'ready', types: [], problems: [] },
  ];
  const kind = random();
  const chosen = whole[Math.floor(random() * whole.length)]!;
  if (kind < 0.7) return message(chosen);
  if (kind < 0.85) return message({ ...chosen, run: anyValue(random) });
  return kind < 0.95 ? message(anyValue(random) as object) : message(chosen).slice(3);
}

type Heard = { end: RunnerEnd; progress: number[]; saved: unknown[] };

/** A runner that waits for work; it is gone when the test has finished. */
async function ready() {
  const runner = new Runner({
    ...worker,
    jobsDir: JOBS,
    heapBytes: 128 * 2 ** 20,
    cacheDir: cacheDirOf(process.env),
  });
  onTestFinished(async () => void (await runner.kill(0)));
  const started = await runner.ready;
  expect(started.problems).toEqual([]);
  const of = {
    runner,
    runs: 0,
    async run(id: string, payload: object, onLine: () => void = () => {}): Promise<Heard> {
      of.runs += 1;
      const progress: number[] = [];
      const saved: unknown[] = [];
      const listener: Listener = {
        progress: (fraction) => progress.push(fraction),
        save: (value) => saved.push(value),
        line: onLine,
        annotate() {},
        answered() {},
      };
      const job = { id, type: 'speak', queue: 'default', tags: [], metadata: null };
      const attempt = { job, payload: payload as never, number: 1, deadlineAt: null, checkpoint: null, dependencies: {} };
      return { end: await runner.run(attempt, listener), progress, saved };
    },
  };
  return of;
}

const JOBS = fileURLToPath(new URL('./fixtures/protocol-jobs', import.meta.url));
