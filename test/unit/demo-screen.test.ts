import { expect, test } from 'vitest';
import { liveLines } from '../../src/cli/demo/lines.ts';
import { Screen } from '../../src/cli/demo/screen.ts';
import { summary } from '../../src/cli/demo/summary.ts';
import { type FeedEvent, Tally } from '../../src/cli/demo/tally.ts';

const JOBS = [
  { id: 'a', type: 'email.send', queue: 'email' },
  { id: 'b', type: 'email.send', queue: 'email' },
];
const AT = Date.parse('2026-01-01T00:00:00Z');
let version = 0;
const event = (
  jobId: string,
  kind: FeedEvent['kind'],
  status: FeedEvent['status'],
  ms = 0,
  detail: FeedEvent['detail'] = null,
): FeedEvent => ({
  jobId,
  kind,
  status,
  version: ++version,
  at: new Date(AT + ms).toISOString(),
  detail,
});

function ranTwice(): Tally {
  const tally = new Tally(JOBS);
  const events = [
    event('a', 'CREATED', 'QUEUED'),
    event('a', 'STARTED', 'RUNNING', 100, { attempt: 1, pid: 7 }),
    event('a', 'ATTEMPT_ENDED', 'RUNNING', 400, { attempt: 1, outcome: 'FAILED', error: 'no' }),
    event('a', 'RETRY_SCHEDULED', 'SCHEDULED', 400),
    event('a', 'STARTED', 'RUNNING', 900, { attempt: 2, pid: 7 }),
    event('a', 'ATTEMPT_ENDED', 'RUNNING', 1_000, { attempt: 2, outcome: 'SUCCEEDED' }),
    event('a', 'FINISHED', 'SUCCEEDED', 1_000),
    event('b', 'CREATED', 'QUEUED'),
  ];
  for (const one of events) tally.take(one);
  return tally;
}

test('the tally counts each event once, and none of other jobs', () => {
  const tally = ranTwice();
  const started = event('b', 'STARTED', 'RUNNING', 1_000, { attempt: 1, pid: 8 });
  expect(tally.take(started)?.name).toBe('email.send 2');
  expect([tally.take(started), tally.take(event('x', 'CREATED', 'QUEUED'))]).toEqual([undefined, undefined]);
  expect([tally.count('SUCCEEDED'), tally.count('RUNNING'), tally.created, tally.ended, tally.isOver]).toEqual([1, 1, 2, 1, false]);
  expect(tally.runners().map(({ pid, now, tries }) => [pid, now?.name, tries.length])).toEqual([
    [7, undefined, 2],
    [8, 'email.send 2', 1],
  ]);
});

test('the live lines say what each process does, and for how long', () => {
  const tally = ranTwice();
  tally.take(event('b', 'STARTED', 'RUNNING', 1_000, { attempt: 1, pid: 8 }));
  const [first, second] = liveLines(tally, { memoryBytes: 2 ** 20, cpuPercent: 150 }, AT, AT + 1_500, {
    isLive: false,
    paint: (_, text) => text,
  });
  expect(first).toMatch(/^ 1\.50 s .* 1 running .* 1 succeeded .*worker 1 MiB at 150 % of a core/);
  expect(second).toBe('         processing 8 email.send 2 for 500 ms');
});

test('the summary counts retries, and is whole while nothing has run', () => {
  expect(summary(ranTwice(), 1_000, []).join('\n')).toMatch(
    /completed +1\n.*\n.*success rate +50\.0 %\n +retries +1, email\.send 1 \(2 attempts\)/,
  );
  expect(summary(new Tally(JOBS), 0, []).join('\n')).toMatch(/created +0\n/);
});

test('a terminal keeps what was said and redraws what is below; a pipe gets plain lines only', () => {
  const [terminal, terminalScreen] = screenOn(true);
  terminalScreen.draw(['one', 'a line that is too long for it']);
  terminalScreen.say('said');
  terminalScreen.draw(['two']);
  terminalScreen.leave();
  terminalScreen.say('after');
  expect(terminal.join('')).toBe('one\na line tha\n\u001B[2A\u001B[0Jsaid\none\na line tha\n\u001B[2A\u001B[0Jtwo\nafter\n');

  const [pipe, pipeScreen] = screenOn(false);
  pipeScreen.draw(['one']);
  pipeScreen.say(pipeScreen.paint('red', 'said'));
  pipeScreen.draw(['two']);
  expect(pipe.join('')).toBe('one\nsaid\ntwo\n');
});

function screenOn(isTTY: boolean): [string[], Screen] {
  const written: string[] = [];
  const out = { isTTY, columns: 11, write: (text: string) => written.push(text), on: () => {} };
  return [written, new Screen(out as unknown as NodeJS.WriteStream)];
}
