import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pass } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { OwnTemporal } from './fixtures/own-temporal.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

const own = OwnTemporal.forAllTests();
let millrace: Millrace;
let temporal: TemporalView;
const scratch = shareMillrace({ slots: 4, temporal: own }, (shared) => ({ millrace, temporal } = shared));

test(
  'while Temporal is down for 8 s attempts go on, and what ended meanwhile is reported when it is back',
  { timeout: 120_000 },
  async () => {
    // Later than 2 s after its last word with Temporal: an outcome is not sent off into an outage it could know of.
    const during = await held({ ms: [4_000] });
    const after = await held({ ms: [11_000] });
    await Promise.all([during, after].map(({ id }) => millrace.until(id, 'RUNNING')));
    await outage(8_000, () => {
      during.open();
      after.open();
    });
    for (const { id, file } of [during, after]) {
      expect(await millrace.untilFinal(id, 60_000)).toMatchObject({
        status: 'SUCCEEDED',
        attemptCount: 1,
        losses: 0,
        failures: 0,
        halts: 0,
      });
      expect(endsIn(file)).toBe(1);
    }
  },
);

test('while Temporal is down for 40 s jobs finish, and none of them runs twice to its end', { timeout: 180_000 }, async () => {
  const early = await held({ ms: [500] });
  const late = await held({ ms: [8_000] });
  const failed = await held({ ms: [500], ends: ['fail'] }, { retry: { delay: '10ms' } });
  // Would end after 24 s without an answer from Temporal: it is killed before that, for another may run it by then.
  const fenced = await held({ ms: [60_000, 500] });
  const jobs = { early, late, failed, fenced };
  await Promise.all(Object.values(jobs).map(({ id }) => millrace.until(id, 'RUNNING')));
  const inLine = await held({ ms: [0] });
  inLine.open();
  await temporal.untilInLine([inLine.id]);
  for (const { id } of Object.values(jobs))
    await eventually('what it has saved has reached Temporal', async () => (await temporal.openAttempt(id))?.hasCheckpoint === true);

  await outage(40_000, () => Object.values(jobs).forEach(({ open }) => open()));
  const ended = Object.fromEntries(
    await Promise.all(Object.entries({ ...jobs, inLine }).map(async ([name, { id }]) => [name, await millrace.untilFinal(id, 90_000)])),
  );

  for (const [name, { file }] of Object.entries({ ...jobs, inLine })) {
    expect(ended[name], name).toMatchObject({ status: 'SUCCEEDED', halts: 0 });
    expect(endsIn(file), `${name} comes to its end once`).toBe(1);
  }
  // What ended is on record, and the attempt after it takes that over.
  for (const name of ['early', 'late']) {
    expect(startsIn(jobs[name as 'early' | 'late'].file)).toBe(1);
    expect(ended[name]).toMatchObject({ attemptCount: 1, failures: 0, attempts: { nodes: [{ outcome: 'SUCCEEDED' }] } });
  }
  expect(ended['failed']).toMatchObject({
    attemptCount: 2,
    failures: 1,
    attempts: { nodes: [{ outcome: 'FAILED' }, { outcome: 'SUCCEEDED' }] },
  });
  expect(ended['fenced']).toMatchObject({ losses: 1, failures: 0, attempts: { nodes: [{ outcome: 'LOST' }, { outcome: 'SUCCEEDED' }] } });
  // What it had saved came with its heartbeats.
  expect(ended['fenced'].result).toEqual({ attempt: 2, given: 'of attempt 1' });
});

/** Kills Temporal, calls `meanwhile`, and starts it again on the same data when it has been down for that long. */
async function outage(ms: number, meanwhile: () => void): Promise<void> {
  own.kill();
  await own.gone();
  const over = pass(ms);
  meanwhile();
  await over;
  await own.start();
}

/** A job that does not come to its end before it is let. */
async function held(
  payload: Record<string, unknown>,
  input: Record<string, unknown> = {},
): Promise<{ id: string; file: string; open: () => void }> {
  const file = scratch.path();
  const gate = scratch.path();
  const id = await millrace.create({ type: 'test.marks', payload: { file, gate, ...payload }, ...input });
  return { id, file, open: () => scratch.open(gate) };
}

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
const startsIn = (file: string): number => linesOf(file).filter((line) => line.startsWith('start')).length;
const endsIn = (file: string): number => linesOf(file).filter((line) => line.startsWith('end')).length;
