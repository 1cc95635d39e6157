import { randomUUID } from 'node:crypto';
import { STEPS } from './steps.ts';

/** What a job of a kind is created with, what it may come to, and what else is done to it, each a time after its creation. */
export type Planned = {
  kind: string;
  id: string;
  input: Record<string, unknown>;
  comesTo: 'SUCCEEDED' | 'FAILED';
  orders: { mutation: string; input: Record<string, unknown>; afterMs: number }[];
};

type Drawn = { id: string; dir: string; random: () => number; jobs: string[] };
type Kind = (drawn: Drawn) => Partial<Planned> & { payload?: Record<string, unknown>; input?: Record<string, unknown> };

const between = (random: () => number, from: number, to: number): number => Math.round(from + random() * (to - from));
const aborting = ({ id, random }: Drawn) => [{ mutation: 'abortJob', input: { id, grace: '1s' }, afterMs: between(random, 0, 1_500) }];

/** The kinds, and how many of a hundred jobs are of each. */
const KINDS: Record<string, [number, Kind]> = {
  plain: [18, ({ random }) => ({ payload: { ms: between(random, 0, 400) } })],
  burn: [6, ({ random }) => ({ payload: { ms: between(random, 100, 900), burns: true } })],
  retried: [8, ({ random }) => ({ payload: { failures: between(random, 1, 2), ms: 50 } })],
  failing: [4, () => ({ payload: { failsForGood: 'every time' }, comesTo: 'FAILED' })],
  'failing at once': [3, () => ({ payload: { failsForGood: 'at once' }, comesTo: 'FAILED' })],
  halting: [5, ({ random }) => ({ payload: { exits: between(random, 1, 2), ms: 50 } })],
  'timed out': [3, () => ({ payload: { hangs: 1 }, input: { timeout: '1s', grace: '500ms', retry: PATIENT } })],
  delayed: [5, ({ random }) => ({ input: { delay: `${between(random, 200, 4_000)}ms` } })],
  dependent: [
    8,
    ({ random, jobs }) => ({
      input: {
        dependencies: [...new Set([1, 2, 3].flatMap(() => jobs[Math.floor(random() * jobs.length)] ?? []))],
        onDependencyFailure: random() < 0.5 ? 'FAIL' : 'RUN_ANYWAY',
      },
    }),
  ],
  keyed: [
    8,
    ({ random }) => {
      const key = `key-${between(random, 1, 2)}`;
      const limit = key === 'key-1' ? 1 : 2;
      return { payload: { ms: between(random, 50, 300), keys: [{ name: key, limit }] }, input: { concurrency: { key, limit } } };
    },
  ],
  exclusive: [
    4,
    ({ random }) => ({
      payload: { ms: between(random, 50, 300), keys: [{ name: 'exclusive', limit: 1 }] },
      input: { type: 'chaos.exclusive' },
    }),
  ],
  'with a child': [4, ({ random }) => ({ payload: { ms: between(random, 100, 800), hasChild: true } })],
  steps: [5, ({ random }) => ({ payload: { ms: between(random, 0, 200) }, input: { type: 'chaos.steps' } })],
  'undone steps': [
    5,
    ({ random }) => ({
      payload: { ms: between(random, 0, 200), failAt: STEPS[between(random, 0, 2)], undoFailures: between(random, 0, 1) },
      input: { type: 'chaos.steps' },
      comesTo: 'FAILED',
    }),
  ],
  'aborted steps': [3, (drawn) => ({ payload: { ms: 300 }, input: { type: 'chaos.steps' }, orders: aborting(drawn) })],
  aborted: [4, (drawn) => ({ payload: { ms: 1_000, burns: drawn.random() < 0.5 }, orders: aborting(drawn) })],
  held: [
    3,
    ({ id, random }) => ({
      input: { hold: true },
      orders: [{ mutation: 'releaseJob', input: { id }, afterMs: between(random, 100, 4_000) }],
    }),
  ],
  'held later': [
    2,
    ({ id, random }) => ({
      payload: { ms: 200 },
      orders: [
        { mutation: 'holdJob', input: { id }, afterMs: between(random, 0, 300) },
        { mutation: 'releaseJob', input: { id }, afterMs: between(random, 400, 3_000) },
      ],
    }),
  ],
  forced: [
    2,
    ({ id, random }) => ({
      input: { delay: '1h' },
      orders: [{ mutation: 'forceStartJob', input: { id }, afterMs: between(random, 0, 1_000) }],
    }),
  ],
};

/** The next job, drawn by the suite's seed. `jobs` are those that are there to be waited for. */
export function drawJob(random: () => number, dir: string, jobs: string[]): Planned {
  let left = random() * Object.values(KINDS).reduce((sum, [weight]) => sum + weight, 0);
  const [kind, [, make]] = Object.entries(KINDS).find(([, [weight]]) => (left -= weight) < 0) ?? Object.entries(KINDS)[0]!;
  const id = `${kind.replaceAll(' ', '-')}-${randomUUID().slice(0, 8)}`;
  const { payload = {}, input = {}, comesTo = 'SUCCEEDED', orders = [] } = make({ id, dir, random, jobs });
  const common = {
    type: 'chaos.work',
    queue: random() < 0.15 ? PAUSED_QUEUE : 'chaos',
    tags: ['chaos'],
    priority: between(random, 1, 10),
    grace: '2s',
    // How often a job is halted is the suite's doing.
    maxHalts: 1_000,
    retry: { maxAttempts: 3, delay: '50ms', jitter: false },
  };
  const bumped =
    random() < 0.1
      ? [{ mutation: 'setJobPriority', input: { id, priority: between(random, 1, 10) }, afterMs: between(random, 0, 1_000) }]
      : [];
  return {
    kind,
    id,
    comesTo,
    orders: [...orders, ...bumped],
    input: { ...common, id, payload: { dir, ...payload }, ifExists: 'RETURN_EXISTING', ...input },
  };
}

/** A process that is stopped for a while may time out as well. */
const PATIENT = { maxAttempts: 100, delay: '50ms', jitter: false };

/** It is paused and resumed now and then. */
export const PAUSED_QUEUE = 'chaos-paused';
