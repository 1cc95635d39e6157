import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { Millrace } from './millrace.ts';

const MIB = 2 ** 20;
const SAMPLES = 'subscription ($jobId: ID!) { jobUsage(jobId: $jobId) { attempt at memoryBytes cpuPercent } }';
const ATTEMPTS =
  'attempts { nodes { number peakMemoryBytes cpuSeconds usage { nodes { attempt at memoryBytes cpuPercent } pageInfo { hasNextPage endCursor } } } }';

let millrace: Millrace;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 2, env: { MILLRACE_JOBS: TEST_JOBS } });
});
afterAll(() => millrace.stop());

test('a running job’s CPU and memory come live, a sample a second, and stay with its attempt', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 3_000 } });
  const subscriber = new Subscriber(millrace.url, SAMPLES, { jobId: id });
  const all = (await subscriber.collect(() => false, 100_000)).map(({ data, errors }) => {
    expect(errors).toBeUndefined();
    return data!['jobUsage'];
  });
  // It burns 3 s of CPU time, on whatever share of a core it gets.
  expect(all.length).toBeGreaterThanOrEqual(2);
  expect(all.every(({ attempt, memoryBytes }) => attempt === 1 && memoryBytes > 20 * MIB)).toBe(true);
  expect(Math.max(...all.map(({ cpuPercent }) => cpuPercent))).toBeGreaterThan(5);
  const times = all.map(({ at }) => Date.parse(at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));

  const [attempt] = (await millrace.job(id, ATTEMPTS)).attempts.nodes;
  // It may have begun to run before anybody listened.
  expect(attempt.usage.nodes.slice(-all.length)).toEqual(all);
  expect(attempt.usage.pageInfo.hasNextPage).toBe(false);
  expect(attempt.peakMemoryBytes).toBeGreaterThanOrEqual(Math.max(...all.map(({ memoryBytes }) => memoryBytes)));
  expect(attempt.cpuSeconds).toBeGreaterThan(2.2);
  expect(attempt.cpuSeconds).toBeLessThan(15);
});

test('memory and CPU of children count, and the worker’s figures hold them as well', async () => {
  const before = (await worker()).memoryBytes;
  expect(before).toBeGreaterThan(50 * MIB);
  const id = await millrace.create({ type: 'test.hog', payload: { kind: 'child', mib: 400, holdMs: 600_000 } });
  await eventually('the worker holds what the child has taken', async () => (await worker()).memoryBytes > before + 300 * MIB);
  await eventually('so does a sample', async () =>
    (await millrace.job(id, ATTEMPTS)).attempts.nodes[0].usage.nodes.some(
      ({ memoryBytes }: { memoryBytes: number }) => memoryBytes > 400 * MIB,
    ),
  );
  await ordersTo(millrace).abort(id, { grace: '0s' });
  await millrace.untilFinal(id);
  expect((await millrace.job(id, ATTEMPTS)).attempts.nodes[0].peakMemoryBytes).toBeGreaterThan(400 * MIB);
  await eventually('the worker holds it no more', async () => (await worker()).memoryBytes < before + 200 * MIB);
});

test('the peak and the CPU time of a job that is through before the first sample are there', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 300 } });
  await millrace.until(id, 'SUCCEEDED');
  const [attempt] = (await millrace.job(id, ATTEMPTS)).attempts.nodes;
  expect(attempt.peakMemoryBytes).toBeGreaterThan(20 * MIB);
  expect(attempt.cpuSeconds).toBeGreaterThan(0);
});

test('each attempt has its own samples, a page at a time', async () => {
  const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 } });
  const samples = new Subscriber(millrace.url, SAMPLES, { jobId: id });
  onTestFinished(() => samples.cut());
  const twoSamplesOf = (number: number) =>
    samples.collect((all) => all.filter(({ data }) => data!['jobUsage'].attempt === number).length >= 2);
  await twoSamplesOf(1);
  process.kill((await millrace.job(id)).attempts.nodes[0].pid, 'SIGKILL');
  await twoSamplesOf(2);
  await ordersTo(millrace).abort(id, { grace: '0s' });
  await millrace.untilFinal(id);
  const { attempts } = await millrace.job(id, ATTEMPTS);
  expect(attempts.nodes).toHaveLength(2);
  for (const { number, usage } of attempts.nodes) {
    expect(usage.nodes.length).toBeGreaterThanOrEqual(2);
    expect(usage.nodes.every(({ attempt }: { attempt: number }) => attempt === number)).toBe(true);
  }
  const page = async (after: string | null): Promise<any> =>
    (
      await millrace.client.data(
        `query ($id: ID!, $after: String) { job(id: $id) { lastAttempt { usage(first: 1, after: $after) { nodes { at } pageInfo { hasNextPage endCursor } } } } }`,
        { id, after },
      )
    )['job'].lastAttempt.usage;
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { nodes, pageInfo } = await page(after);
    seen.push(...nodes.map(({ at }: { at: string }) => at));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after);
  expect(seen).toEqual(attempts.nodes[1].usage.nodes.map(({ at }: { at: string }) => at));
});

test('jobUsage of a job that is final, or is none, completes', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 } });
  await millrace.until(id, 'SUCCEEDED');
  for (const jobId of [id, 'none']) expect(await new Subscriber(millrace.url, SAMPLES, { jobId }).next()).toBeUndefined();
});

async function worker(): Promise<any> {
  return (await millrace.client.data('{ workers { cpuPercent memoryBytes } }'))['workers'][0];
}
