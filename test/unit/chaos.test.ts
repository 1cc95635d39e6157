import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { BLOW_KINDS, drawBlows } from '../chaos/blows.ts';
import { violationsOf } from '../chaos/invariants.ts';
import { drawJob } from '../chaos/kinds.ts';
import type { AskedJob, FinalJob, Observed } from '../chaos/observed.ts';
import { recoveriesOf } from '../chaos/recovery.ts';
import { jobsOfProcess, readTrace, traced, type TraceLine } from '../chaos/trace.ts';

/** What the chaos suite checks, shown to find what it is there for: a good observation, and one fault in it at a time. */
const asked = (id: string, more: Partial<AskedJob> = {}): AskedJob => ({
  id,
  kind: 'plain',
  comesTo: 'SUCCEEDED',
  isAborted: false,
  dependencies: [],
  needsDependencies: false,
  ...more,
});
const ended = (id: string, more: Partial<FinalJob> = {}): FinalJob => ({
  id,
  status: 'SUCCEEDED',
  reason: null,
  result: { attempt: 1 },
  losses: 0,
  rollback: null,
  steps: [],
  ...more,
});
const reason = (code: string) => ({ code, message: 'so it is' });
const line = (what: TraceLine['what'], attempt: number, more: Partial<TraceLine> = {}): TraceLine => ({
  what,
  attempt,
  pid: 100 + attempt,
  at: attempt,
  ...(what === 'start' ? { places: [{ name: 'job a', limit: 1, besides: [] }] } : {}),
  ...more,
});
const ran = (attempt: number, what: 'done' | 'failed', more: Partial<TraceLine> = {}): TraceLine[] => [
  line('start', attempt, more),
  line(what, attempt, more),
];
const observe = (job: AskedJob, final: FinalJob | undefined, trace: TraceLine[], more: Partial<Observed> = {}): Observed => ({
  jobs: [job],
  final: new Map(final ? [[final.id, final]] : []),
  traces: new Map([[job.id, trace]]),
  heard: [3, 4, 5],
  kept: [3, 4, 5],
  gaps: 0,
  refusals: [],
  left: [],
  ...more,
});
const rules = (observed: Observed): string[] => violationsOf(observed).map(({ rule }) => rule);
const good = (more: Partial<Observed> = {}): Observed => observe(asked('a'), ended('a'), ran(1, 'done'), more);

test('nothing is wrong with a job that ran once and succeeded, nor with one that was cut off and ran again', () => {
  expect(rules(good())).toEqual([]);
  expect(
    rules(observe(asked('a'), ended('a', { result: { attempt: 3 } }), [line('start', 1), ...ran(2, 'failed'), ...ran(3, 'done')])),
  ).toEqual([]);
});

test.each([
  ['is not known', undefined],
  ['is in line', ended('a', { status: 'QUEUED' })],
  ['runs', ended('a', { status: 'RUNNING' })],
])('a lost job is found: one that was accepted and %s', (_, final) => {
  expect(rules(observe(asked('a'), final, []))).toEqual(['every accepted job ends']);
});

test.each([
  ['SUCCEEDED and never came to its end', asked('a'), ended('a'), [line('start', 1)]],
  [
    'SUCCEEDED with the result of another attempt',
    asked('a'),
    ended('a', { result: { attempt: 2 } }),
    [...ran(1, 'done'), line('start', 2)],
  ],
  ['SUCCEEDED and can only fail', asked('a', { comesTo: 'FAILED' }), ended('a'), ran(1, 'done')],
  ['FAILED and can only succeed', asked('a'), ended('a', { status: 'FAILED', reason: reason('HANDLER_ERROR') }), ran(1, 'done')],
  [
    'FAILED and its handler has never failed',
    asked('a', { comesTo: 'FAILED' }),
    ended('a', { status: 'FAILED', reason: reason('HANDLER_ERROR') }),
    [line('start', 1)],
  ],
  ['FAILED by a fault of its own', asked('a'), ended('a', { status: 'FAILED', reason: reason('INTERNAL') }), ran(1, 'done')],
  ['FAILED as lost after one loss', asked('a'), ended('a', { status: 'FAILED', reason: reason('LOST'), losses: 1 }), [line('start', 1)]],
  [
    'FAILED by a dependency it has not',
    asked('a', { needsDependencies: true }),
    ended('a', { status: 'FAILED', reason: reason('DEPENDENCY_FAILED') }),
    [],
  ],
  ['ABORTED and nobody asked for it', asked('a'), ended('a', { status: 'ABORTED', reason: reason('TERMINATED') }), [line('start', 1)]],
] as const)('a wrong end is found: a job that %s', (_, job, final, trace) => {
  expect(rules(observe(job, final, [...trace]))).toEqual(['its end is what its handler did']);
});

test('an end that has its reason is right', () => {
  const failed = (code: string, more: Partial<FinalJob> = {}): FinalJob =>
    ended('a', { status: 'FAILED', reason: reason(code), result: null, ...more });
  expect(rules(observe(asked('a', { comesTo: 'FAILED' }), failed('HANDLER_ERROR'), ran(1, 'failed')))).toEqual([]);
  expect(
    rules(
      observe(
        asked('a'),
        failed('LOST', { losses: 5 }),
        [1, 2, 3, 4, 5].map((attempt) => line('start', attempt)),
      ),
    ),
  ).toEqual([]);
  expect(rules(observe(asked('a', { isAborted: true }), ended('a', { status: 'ABORTED', reason: reason('ABORTED_BY_USER') }), []))).toEqual(
    [],
  );
  const waits = observe(asked('a', { dependencies: ['b'], needsDependencies: true }), failed('DEPENDENCY_FAILED'), []);
  waits.final.set('b', ended('b', { status: 'ABORTED' }));
  expect(rules(waits)).toEqual([]);
  waits.final.set('b', ended('b'));
  expect(rules(waits)).toEqual(['its end is what its handler did']);
});

test('a double run is found: an attempt that met another one of its job', () => {
  const besides = [{ name: 'job a', limit: 1, besides: ['a#1'] }];
  expect(rules(observe(asked('a'), ended('a'), [line('start', 1), line('start', 2, { places: besides }), line('done', 1)]))).toEqual([
    'never two attempts of one job at once',
  ]);
});

test('a key over its limit is found, and one that is full is not over it', () => {
  const beside = (besides: string[]): Observed =>
    observe(asked('a'), ended('a'), ran(1, 'done', { places: [{ name: 'key-2', limit: 2, besides }] }));
  expect(rules(beside(['b#1']))).toEqual([]);
  expect(rules(beside(['b#1', 'c#1']))).toContain('never more than a key allows');
});

test("attempts' numbers that fall, or come twice, are found", () => {
  expect(rules(observe(asked('a'), ended('a'), [line('start', 2), ...ran(1, 'done')]))).toEqual(["attempts' numbers grow"]);
  expect(rules(observe(asked('a'), ended('a'), [line('start', 1), ...ran(1, 'done')]))).toEqual(["attempts' numbers grow"]);
});

test.each([
  ['skipped', [3, 5]],
  ['skipped at the end', [3, 4]],
  ['repeated', [3, 4, 4, 5]],
  ['repeated later', [3, 4, 5, 3]],
  ['out of order', [4, 3, 5]],
  ['of no journal', [3, 4, 5, 6]],
])('an event that is %s is found', (_, heard) => {
  expect(new Set(rules(good({ heard })))).toEqual(new Set(['no event is skipped or repeated']));
});

test('a gap that was told of where there is none, a process that is left, and a job that is not known any more are found', () => {
  expect(rules(good({ gaps: 1 }))).toEqual(['no event is skipped or repeated']);
  expect(rules(good({ left: [{ when: 'after the stop', command: '7 sleep 3600' }] }))).toEqual(['no process is left']);
  expect(rules(good({ refusals: [{ jobId: 'a', message: 'abortJob answers NOT_FOUND' }] }))).toEqual(['an accepted job is known']);
});

const STEPPED = [
  ...ran(1, 'done', { step: 'first', undo: false }),
  ...ran(2, 'done', { step: 'second', undo: false }),
  ...ran(3, 'failed', { step: 'third', undo: false }),
];
const UNDONE = ended('a', {
  status: 'FAILED',
  reason: reason('HANDLER_ERROR'),
  rollback: 'DONE',
  steps: [
    { name: 'first', status: 'UNDONE' },
    { name: 'second', status: 'UNDONE' },
    { name: 'third', status: 'FAILED' },
  ],
});
const undo = (attempt: number, step: string): TraceLine[] => ran(attempt, 'done', { step, undo: true });
const stepped = (final: FinalJob, trace: TraceLine[]): string[] =>
  rules(observe(asked('a', { comesTo: 'FAILED' }), final, [...STEPPED, ...trace]));

test('steps that are undone backwards are right, and an undo that was cut off may run again', () => {
  expect(stepped(UNDONE, [...undo(4, 'second'), ...undo(5, 'first')])).toEqual([]);
  expect(stepped(UNDONE, [line('start', 4, { step: 'second', undo: true }), ...undo(5, 'second'), ...undo(6, 'first')])).toEqual([]);
});

const WRONG_UNDOING: [string, FinalJob, TraceLine[]][] = [
  ['forwards', UNDONE, [...undo(4, 'first'), ...undo(5, 'second')]],
  ['in half, and counts as undone', UNDONE, undo(4, 'second')],
  [
    'in half, and says so nowhere',
    { ...UNDONE, steps: [{ name: 'first', status: 'SUCCEEDED' }, ...UNDONE.steps.slice(1)] },
    undo(4, 'second'),
  ],
  ['and then run again', UNDONE, [...undo(4, 'second'), ...undo(5, 'first'), ...ran(6, 'done', { step: 'third', undo: false })]],
  ['without an end', { ...UNDONE, rollback: 'RUNNING' }, [...undo(4, 'second'), ...undo(5, 'first')]],
];
test.each(WRONG_UNDOING)('a wrong undoing is found: steps undone %s', (_, final, trace) => {
  expect(stepped(final, trace)).toEqual(['what was done is undone in reverse']);
});

test('steps that ran out of order, and a success that was undone, are found', () => {
  const final = ended('a', { steps: ['first', 'second', 'third'].map((name) => ({ name, status: 'SUCCEEDED' })) });
  const runs = (...steps: string[]): TraceLine[] => steps.flatMap((step, index) => ran(index + 1, 'done', { step, undo: false }));
  expect(rules(observe(asked('a'), final, runs('first', 'second', 'second', 'third')))).toEqual([]);
  expect(rules(observe(asked('a'), final, runs('first', 'third', 'second')))).toEqual(['what was done is undone in reverse']);
  expect(rules(observe(asked('a'), final, [...runs('first', 'second', 'third'), ...undo(4, 'third')]))).toEqual([
    'what was done is undone in reverse',
  ]);
});

test('a trace has who else is there, alive and not at its end', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-trace-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const { signal } = new AbortController();
  const run = (id: string, attempt: number, work: () => Promise<void>): Promise<void> =>
    traced(
      dir,
      { job: { id, type: 't', queue: 'q', tags: [], metadata: null }, attempt },
      { signal, keys: [{ name: 'key', limit: 2 }] },
      work,
    );
  await run('a', 1, async () => {
    await run('b', 1, async () => {
      expect(jobsOfProcess(dir, process.pid).sort()).toEqual(['a', 'b']);
      await run('a', 2, async () => {});
    });
  });
  await expect(run('b', 2, () => Promise.reject(new Error('as asked')))).rejects.toThrow('as asked');
  const besides = (id: string) => readTrace(dir, id).flatMap(({ places }) => (places ? [places.map((place) => place.besides.sort())] : []));
  expect(besides('a')).toEqual([
    [[], []],
    [['a#1'], ['a#1', 'b#1']],
  ]);
  expect(besides('b')).toEqual([
    [[], ['a#1']],
    [[], []],
  ]);
  expect(readTrace(dir, 'b').map(({ what }) => what)).toEqual(['start', 'done', 'start', 'failed']);
  expect(jobsOfProcess(dir, process.pid)).toEqual([]);
});

test('a seed gives the same jobs and the same blows, and a short run has every kind of blow', () => {
  const jobs = (seed: number): unknown[] => {
    const random = seeded(seed);
    return Array.from({ length: 500 }, () => drawJob(random, '/dir', ['x', 'y'])).map(({ kind, comesTo }) => [kind, comesTo]);
  };
  const blows = (seed: number): unknown[] => {
    const drawn = drawBlows(seeded(seed), 8_000);
    return Array.from({ length: 100 }, () => drawn.next().value);
  };
  expect([jobs(1), blows(1)]).toEqual([jobs(1), blows(1)]);
  expect(blows(1)).not.toEqual(blows(2));
  expect(
    new Set(
      blows(3)
        .slice(0, BLOW_KINDS.length)
        .map((blow) => (blow as { kind: string }).kind),
    ),
  ).toEqual(new Set(BLOW_KINDS));
  expect(new Set(jobs(1).map((job) => (job as string[])[0])).size).toBe(19);
});

test('a recovery is the time until the same kind of work goes on', () => {
  const seen = {
    traces: new Map([['a', [line('start', 1, { at: 90 }), line('start', 2, { at: 400 })]]]),
    finishedAt: [50, 150],
    answeredAt: [130],
  };
  const struck = (kind: 'kill worker' | 'kill api' | 'kill Temporal', hit: string[] = []) => ({ kind, at: 95, overAt: 100, hit });
  expect(recoveriesOf([struck('kill worker', ['a']), struck('kill api'), struck('kill Temporal')], seen)).toEqual([
    { kind: 'kill worker', ms: 300 },
    { kind: 'kill api', ms: 30 },
    { kind: 'kill Temporal', ms: 50 },
  ]);
  expect(recoveriesOf([{ ...struck('kill api'), skipped: 'it was not there' }], seen)).toEqual([]);
});
