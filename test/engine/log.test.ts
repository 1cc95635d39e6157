import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { TEST_JOBS } from './fixtures/paths.ts';
import { Subscriber } from './fixtures/subscriber.ts';
import { Millrace } from './millrace.ts';

/** One slot: every attempt has the runner of the one before. */
const RATE = 200;
let millrace: Millrace;
beforeAll(
  async () =>
    void (millrace = await Millrace.start({
      slots: 1,
      env: { MILLRACE_JOBS: TEST_JOBS, MILLRACE_LOG_RATE: String(RATE), MILLRACE_LOG_BYTES: '1MiB' },
    })),
);
afterAll(() => millrace.stop());

const LOG =
  'subscription ($jobId: ID!, $after: String) { jobLog(jobId: $jobId, after: $after) { lines { text stream cursor } cursor dropped } }';
type Batch = { lines: { text: string; stream: string; cursor: string }[]; cursor: string; dropped: number };
function follow(jobId: string, after?: string): Subscriber {
  const subscriber = new Subscriber(millrace.url, LOG, { jobId, after });
  onTestFinished(() => subscriber.cut());
  return subscriber;
}
/** All there is of a job's log from a cursor to its end. */
async function logOf(jobId: string, after?: string): Promise<{ lines: Batch['lines']; texts: string[]; dropped: number }> {
  const batches = (await follow(jobId, after).collect(() => false, 40_000)).map(({ data }) => data!['jobLog'] as Batch);
  const lines = batches.flatMap((batch) => batch.lines);
  return { lines, texts: lines.map(({ text }) => text), dropped: batches.reduce((sum, { dropped }) => sum + dropped, 0) };
}
const print = (payload: Record<string, unknown>): Promise<string> => millrace.create({ type: 'test.print', payload });
const numbersIn = (texts: readonly string[]): number[] => texts.map((text) => Number(/^line (\d+)/.exec(text)?.[1]));

describe('of more than is kept', () => {
  test('the first lines of each second are there, in order, and the others are counted, though nothing comes after them', async () => {
    const id = await print({ lines: 100_000 });
    const { texts, dropped, lines } = await logOf(id);
    expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED' });
    const numbers = numbersIn(texts);
    expect(numbers.slice(0, RATE)).toEqual(Array.from({ length: RATE }, (_, index) => index + 1));
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    expect(numbers.length + dropped).toBe(100_000);
    expect(new Set(lines.map(({ stream }) => stream))).toEqual(new Set(['STDOUT']));
    // A page of the attempt has lines only.
    const { lastAttempt } = await millrace.job(id, 'lastAttempt { log { nodes { text stream } pageInfo { hasNextPage } } }');
    expect(lastAttempt.log.nodes.map(({ text }: { text: string }) => text)).toEqual(texts.slice(0, 100));
  });

  test('nothing is taken for the next job’s, which has the same runner', async () => {
    const flood = await print({ lines: 100_000 });
    const after = await print({ lines: 3 });
    const { texts, dropped } = await logOf(after);
    expect({ texts, dropped }).toEqual({ texts: ['line 1', 'line 2', 'line 3'], dropped: 0 });
    const { attempts } = await millrace.job(flood, 'attempts { nodes { pid } }');
    expect((await millrace.job(after, 'attempts { nodes { pid } }')).attempts.nodes[0].pid).toBe(attempts.nodes[0].pid);
  });

  test('no more bytes are kept than the cap allows, from the first on', async () => {
    const { texts, dropped } = await logOf(await print({ lines: 150, pad: 15_000 }));
    const numbers = numbersIn(texts);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    expect(numbers.length).toBe(Math.floor(2 ** 20 / 15_010));
    expect(numbers.length + dropped).toBe(150);
  });
});

test('a line of 1 MB, junk and a character that comes in pieces survive', async () => {
  const pieces = [Buffer.from([0xe2, 0x82]), Buffer.from([0xac, 0x0a, 0xc3]), Buffer.from([0x28, 0x00, 0x0d]), Buffer.from('\nno end')];
  const id = await print({ lines: 1, pad: 1_000_000, pieces: pieces.map((piece) => piece.toString('base64')) });
  const { texts, dropped } = await logOf(id);
  expect(dropped).toBe(0);
  expect(texts.slice(-3)).toEqual(['\u20ac', '\uFFFD(\uFFFD', 'no end']);
  expect(texts.slice(0, -3).join('')).toBe(`line 1${'.'.repeat(1_000_000)}`);
});

test('from every cursor the rest comes, while it runs and after its end', async () => {
  const id = await print({ lines: 20, lastWords: true });
  const live = follow(id);
  const batches = (await live.collect((all) => JSON.stringify(all.at(-1) ?? '').includes('begun'))).map(
    ({ data }) => data!['jobLog'] as Batch,
  );
  const lines = batches.flatMap((batch) => batch.lines);
  expect(lines).toHaveLength(21);
  for (const index of [0, 7, 19]) {
    const [rest] = await follow(id, lines[index]!.cursor).collect((all) => all.length > 0);
    expect((rest!.data!['jobLog'] as Batch).lines).toEqual(lines.slice(index + 1));
  }
  await millrace.client.data('mutation ($id: ID!) { abortJob(input: { id: $id, grace: "10s" }) { userErrors { code } } }', { id });
  await millrace.until(id, 'ABORTED');
  // What it says when it is asked to stop comes before the end that everybody is told of.
  const all = (await logOf(id)).texts;
  expect(all).toEqual([...lines.map(({ text }) => text), 'asked to stop']);
  for (let index = 0; index < lines.length; index++) expect((await logOf(id, lines[index]!.cursor)).texts).toEqual(all.slice(index + 1));
});
