import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { Channel } from '../../src/worker/channel.ts';
import { type FromRunner, readMessage } from '../../src/worker/protocol.ts';
import { eventually } from '../engine/fixtures/eventually.ts';
import { anyValue } from './fixtures/junk.ts';

const MESSAGES: FromRunner[] = [
  {
    type: 'ready',
    types: [
      { name: 'a', description: null, payloadSchema: {}, defaults: { priority: 3 }, steps: [{ name: 's', hasUndo: true }], reuse: true },
    ],
    problems: ['b'],
  },
  { type: 'started', run: 1, at: 1.5 },
  { type: 'progress', run: 2, fraction: 0.5 },
  { type: 'checkpoint', run: 2, value: { deep: [1, null] } },
  { type: 'done', run: 3, result: 'all', reusable: true },
  { type: 'failed', run: 3, code: 'HANDLER_ERROR', error: { name: 'E', message: 'm', stack: 's', retryable: true }, reusable: false },
  { type: 'loading', file: 'a.ts' },
  { type: 'annotations', run: 2, value: { seen: [1] } },
  { type: 'answered', run: 2, answer: { type: 'done', result: 1 } },
];

test('what a runner says is read as it was said', () => {
  for (const message of MESSAGES) expect(readMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
});

test('a result or a checkpoint that was undefined, and so is left out, is null', () => {
  expect(readMessage({ type: 'done', run: 1, reusable: true })).toEqual({ type: 'done', run: 1, result: null, reusable: true });
  expect(readMessage({ type: 'checkpoint', run: 1 })).toEqual({ type: 'checkpoint', run: 1, value: null });
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a list', [MESSAGES[1]]],
  ['an unknown type', { type: 'NODE_HANDLE', run: 1 }],
  ['a run that is no number', { type: 'started', run: '1', at: 1 }],
  ['a run that there never is', { type: 'done', run: 0, result: 1, reusable: true }],
  ['progress over 1', { type: 'progress', run: 1, fraction: 1.01 }],
  ['progress that is null', { type: 'progress', run: 1, fraction: null }],
  ['an end that does not say whether its process is in order', { type: 'done', run: 1, result: 1 }],
  ['a failure with a code that a runner cannot know of', { ...MESSAGES[5], code: 'LOST' }],
  ['a failure without an error', { type: 'failed', run: 1, code: 'HANDLER_ERROR', reusable: true }],
  ['a failure with half an error', { ...MESSAGES[5], error: { name: 'E', message: 5, retryable: true } }],
  ['an answer that is none', { type: 'answered', run: 1, answer: { type: 'started' } }],
  ['annotations that are no object', { type: 'annotations', run: 1, value: [1] }],
  ['types that are none', { type: 'ready', types: [{ name: 5 }], problems: [] }],
])('%s breaks the protocol', (_, value) => {
  expect(readMessage(value)).toBeUndefined();
});

test('whatever is said is either a whole message or none, over 20,000 values', () => {
  const random = seeded(5);
  let whole = 0;
  for (let count = 0; count < 20_000; count++) {
    const message = readMessage(random() < 0.5 ? anyValue(random) : broken(random));
    if (message === undefined) continue;
    whole += 1;
    expect(isWhole(message), JSON.stringify(message)).toBe(true);
  }
  // Both happen, or this shows nothing.
  expect(whole).toBeGreaterThan(500);
  expect(whole).toBeLessThan(15_000);
});

/** As its type says, field by field. */
function isWhole(message: FromRunner): boolean {
  if (message.type === 'ready')
    return (
      message.problems.every((problem) => typeof problem === 'string') &&
      message.types.every(({ name, steps }) => typeof name === 'string' && Array.isArray(steps))
    );
  if (message.type === 'loading') return typeof message.file === 'string';
  if (!(message.run >= 1)) return false;
  switch (message.type) {
    case 'started':
      return typeof message.at === 'number';
    case 'progress':
      return message.fraction >= 0 && message.fraction <= 1;
    case 'checkpoint':
      return message.value !== undefined;
    case 'annotations':
      return typeof message.value === 'object';
    case 'answered':
      return message.answer.type === 'done' || typeof message.answer.error.message === 'string';
    case 'done':
      return message.result !== undefined && typeof message.reusable === 'boolean';
    case 'failed':
      return typeof message.error.name === 'string' && typeof message.error.message === 'string' && typeof message.reusable === 'boolean';
  }
}

/** A good message with a field changed or left out. */
function broken(random: () => number): unknown {
  const message: Record<string, unknown> = { ...MESSAGES[Math.floor(random() * MESSAGES.length)]! };
  const fields = Object.keys(message);
  const field = fields[Math.floor(random() * fields.length)]!;
  if (random() < 0.3) delete message[field];
  else message[field] = anyValue(random);
  return message;
}

test('messages arrive whole and in order, however the pipe cuts them', async () => {
  const random = seeded(6);
  const sent = Array.from({ length: 300 }, (_, index) => ({
    index,
    text: '[{"\\\né'.repeat(Math.floor(random() * 40)),
    junk: anyValue(random),
  }));
  const bytes = Buffer.from(sent.map((message) => `${JSON.stringify(message)}\n`).join(''));
  const { other, heard, ends } = hear();
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random() ** 4 * 2_000);
    other.write(bytes.subarray(at, at + length));
    at += length;
  }
  await eventually('all are there', () => heard.length === sent.length);
  expect(heard).toEqual(JSON.parse(JSON.stringify(sent)));
  expect(ends).toEqual([]);
});

test.each([
  ['text that is no JSON', 'hello\n'],
  ['nothing but an empty line', '\n'],
  ['bytes that are no text', Buffer.from([0xff, 0x00, 0xfe, 0x0a])],
  ['half a message, and another one', '{"type":"done","ru{"type":"started"}\n'],
  ['a message that never ends', Buffer.alloc(17 * 2 ** 20, 'x')],
  ['a value deeper than any stack', `${'['.repeat(200_000)}${']'.repeat(200_000)}\n`],
  ['a value a bit too deep', `${'{"a":'.repeat(1_001)}1${'}'.repeat(1_001)}\n`],
])('%s breaks the channel once, and nothing after it is heard', async (_, bytes) => {
  const { other, heard, ends } = hear();
  other.write('{"first":1}\n');
  other.write(bytes);
  other.write('{"late":1}\n');
  await eventually('it is broken', () => ends.length > 0);
  other.end('{"later":1}\n');
  expect(heard).toEqual([{ first: 1 }]);
  expect(ends).toEqual(['broken']);
});

test('brackets in a text are no levels', async () => {
  const { other, heard } = hear();
  const message = { text: `\\"${'[{'.repeat(5_000)}`, deep: nested(900) };
  other.write(`${JSON.stringify(message)}\n`);
  await eventually('it is there', () => heard.length === 1);
  expect(heard).toEqual([message]);
});

test('a message that is cut off by the end of the pipe says nothing', async () => {
  const { other, heard, ends } = hear();
  other.write('{"first":1}\n{"type":"done","run":1,"result":1,"reusable":true}');
  other.end();
  await eventually('it is closed', () => ends.length > 0);
  expect([heard, ends]).toEqual([[{ first: 1 }], ['closed']]);
});

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

function hear() {
  const [ours, other] = duplexPair();
  other.on('error', () => {});
  const heard: unknown[] = [];
  const ends: string[] = [];
  void new Channel(
    ours,
    { heard: (message) => heard.push(message), broken: () => ends.push('broken'), closed: () => ends.push('closed') },
    16 * 2 ** 20,
  );
  return { other, heard, ends };
}
