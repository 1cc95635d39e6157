import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LoggedLine } from '../../src/journal/entries.ts';
import { AttemptLog, type LogCaps } from '../../src/worker/attempt-log.ts';
import { LINE_BYTES, LineReader } from '../../src/worker/lines.ts';
import { endOfOutput } from '../../src/worker/protocol.ts';

const ROOMY: LogCaps = { linesPerSecond: 1e9, bytes: 1e9 };
const chunksOf = (bytes: Buffer, at: readonly number[]): Buffer[] =>
  [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));

/** Reads one attempt's output that comes in these chunks, with its mark, and answers with what was kept. */
async function read(chunks: readonly Buffer[], caps = ROOMY, mark = endOfOutput(1)): Promise<LoggedLine[]> {
  const source = new PassThrough();
  const kept: LoggedLine[] = [];
  const log = new AttemptLog(caps, (line) => kept.push(line));
  const through = new LineReader(source, 'STDOUT').read(1, log);
  for (const chunk of chunks) source.emit('data', chunk);
  source.emit('data', Buffer.from(mark));
  if (mark === '') source.destroy();
  await through;
  log.end();
  return kept;
}
const textsOf = (lines: readonly LoggedLine[]): string[] => lines.map(({ text }) => text);

describe('wherever the chunks are cut, the lines are the same', () => {
  test.each<[string, Buffer, string[]]>([
    ['plain lines', Buffer.from('one\ntwo\n\nthree\n'), ['one', 'two', '', 'three']],
    ['no newline at the end', Buffer.from('one\ntwo'), ['one', 'two']],
    ['the ends of lines of Windows', Buffer.from('one\r\ntwo\r\n'), ['one', 'two']],
    ['a return within a line', Buffer.from('10 %\r20 %\n'), ['10 %\r20 %']],
    ['characters of many bytes', Buffer.from('é\u20ac🙂\n🙂\n'), ['é\u20ac🙂', '🙂']],
    ['what is not UTF-8', Buffer.from([0xc3, 0x28, 0x0a, 0xff, 0x0a, 0xf0, 0x9f, 0x0a]), ['\uFFFD(', '\uFFFD', '\uFFFD']],
    ['NUL', Buffer.from('a\0b\n\0\n'), ['a\uFFFDb', '\uFFFD']],
    ['something like the mark', Buffer.from('\0millrace-end-2\0\n\0millrace-\n'), ['\uFFFDmillrace-end-2\uFFFD', '\uFFFDmillrace-']],
    ['nothing', Buffer.alloc(0), []],
  ])('%s', async (_, bytes, lines) => {
    const whole = Buffer.concat([bytes, Buffer.from(endOfOutput(1)), Buffer.from('not of this attempt\n')]);
    for (let first = 0; first <= whole.length; first++) {
      expect(textsOf(await read(chunksOf(whole, [first]))), `cut at ${first}`).toEqual(lines);
      const second = first + Math.ceil((whole.length - first) / 2);
      expect(textsOf(await read(chunksOf(whole, [first, second]))), `cut at ${first} and ${second}`).toEqual(lines);
    }
    const bytewise = Array.from(whole, (_byte, at) => whole.subarray(at, at + 1));
    expect(textsOf(await read(bytewise))).toEqual(lines);
  });
});

test('a line that is too long is cut between characters, and all of it is there', async () => {
  for (const text of ['x'.repeat(1_000_000), '🙂'.repeat(250_000), `a${'é\u20ac'.repeat(100_000)}`]) {
    const bytes = Buffer.from(`${text}\nnext\n`);
    for (const cut of [1, 7_001, 65_536]) {
      const chunks = chunksOf(
        bytes,
        Array.from({ length: Math.floor(bytes.length / Math.max(cut, 1_000)) }, (_, index) => (index + 1) * Math.max(cut, 1_000)),
      );
      const texts = textsOf(await read(chunks));
      expect(texts.at(-1)).toBe('next');
      expect(texts.slice(0, -1).join('')).toBe(text);
      expect(Math.max(...texts.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(LINE_BYTES);
    }
  }
});

test('bytes that are no text at all are kept as they come, without an end', async () => {
  const bytes = Buffer.alloc(300_000, 0x80);
  const texts = textsOf(await read([bytes.subarray(0, 100_000), bytes.subarray(100_000)]));
  expect(texts.join('')).toBe('\uFFFD'.repeat(300_000));
});

test('a stream that closes ends the attempt, with what was there', async () => {
  expect(textsOf(await read([Buffer.from('one\ntw')], ROOMY, ''))).toEqual(['one', 'tw']);
});

describe('over the caps', () => {
  test('so many lines of a second are kept, the first ones, and the others counted, to the last', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `${index}\n`).join('');
    const kept = await read(chunksOf(Buffer.from(lines), [1_000, 66_000, 300_000]), { linesPerSecond: 1_000, bytes: 1e9 });
    const texts = textsOf(kept.filter(({ stream }) => stream !== 'DROPPED'));
    expect(texts.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
    // Another second may have begun meanwhile.
    expect(texts.length % 1_000).toBe(0);
    expect(kept.reduce((sum, { dropped }) => sum + dropped, texts.length)).toBe(100_000);
    expect(kept.at(-1)).toMatchObject({ stream: 'DROPPED', text: '' });
  });

  test('what is left out is counted with the next line that is kept', () => {
    const kept: LoggedLine[] = [];
    const log = new AttemptLog({ linesPerSecond: 2, bytes: 1e9 }, (line) => kept.push(line));
    for (let line = 0; line < 5; line++) log.add(1_000, 'STDOUT', Buffer.from(`${line}`));
    log.add(2_000, 'STDERR', Buffer.from('later'));
    log.end();
    expect(kept).toEqual([
      { at: 1_000, stream: 'STDOUT', text: '0', dropped: 0 },
      { at: 1_000, stream: 'STDOUT', text: '1', dropped: 0 },
      { at: 2_000, stream: 'STDERR', text: 'later', dropped: 3 },
    ]);
  });

  test('a log that is full stays so, whatever would still fit, and says every few seconds how much it has left out', () => {
    const kept: LoggedLine[] = [];
    const log = new AttemptLog({ linesPerSecond: 1e9, bytes: 100 }, (line) => kept.push(line));
    log.add(0, 'STDOUT', Buffer.alloc(80, 'a'));
    log.add(0, 'STDOUT', Buffer.alloc(80, 'b'));
    for (let at = 0; at < 12_000; at += 1_000) log.add(at, 'STDOUT', Buffer.from('c'));
    log.end();
    expect(textsOf(kept)).toEqual(['a'.repeat(80), '', '']);
    expect(kept.map(({ dropped }) => dropped)).toEqual([0, 7, 6]);
  });

  test('the mark is found behind lines that are left out, and in one that has no end', async () => {
    for (const output of ['x\n'.repeat(50_000), 'x'.repeat(100_000), `${'x\n'.repeat(9)}${'y'.repeat(16_390)}`]) {
      const bytes = Buffer.from(output + endOfOutput(1));
      for (const before of [1, 5, 17]) {
        const kept = await read(chunksOf(bytes, [bytes.length - before]), { linesPerSecond: 1, bytes: 1e9 }, 'no mark');
        expect(kept[0]?.text.startsWith('x')).toBe(true);
      }
    }
  });
});

test('what a stream brings between two attempts belongs to none', async () => {
  const source = new PassThrough();
  const reader = new LineReader(source, 'STDERR');
  const texts: string[][] = [];
  const run = async (number: number, output: string): Promise<void> => {
    const kept: LoggedLine[] = [];
    const through = reader.read(number, new AttemptLog(ROOMY, (line) => kept.push(line)));
    source.emit('data', Buffer.from(output + endOfOutput(number)));
    await through;
    texts.push(textsOf(kept));
  };
  await run(1, 'of the first\nwithout an end');
  source.emit('data', Buffer.from('late'));
  await run(2, 'of the second\n');
  expect(texts).toEqual([['of the first', 'without an end'], ['of the second']]);
});
