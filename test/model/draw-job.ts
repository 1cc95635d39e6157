import type { Json } from '../../src/index.ts';
import type { Limits, Retry } from '../../src/job/spec.ts';
import { choices } from './choices.ts';
import { type Created, isFinal, type ModelJob, POOLS } from './job.ts';
import type { Model } from './model.ts';

/**
 * A job with any option there is, in any combination whose outcome the rules tell: of two that arrive at a gate because of one
 * event nothing says who is first, so of the jobs that wait for others only one asks for a key, and none in a queue with a limit;
 * and a clock is only short where it cannot be too late.
 */
export function drawJob(model: Model, random: () => number): Created {
  const { among, chance, upTo } = choices(random);
  const all = Array.from(model.jobs.values());
  const open = all.filter((job) => !isFinal(job));
  const dependencies = all.length > 0 && chance(0.35) ? some(random, chance(0.8) && open.length > 0 ? open : all) : [];
  const others = dependencies.map((id) => model.jobs.get(id)!);
  const runAnyway = chance(0.3);
  const isDoomed = !runAnyway && others.some(({ status }) => status === 'FAILED' || status === 'ABORTED');
  const hold = chance(0.1);
  const start = chance(0.1) ? among(['delay', 'startAt'] as const) : chance(0.05) ? 'past' : 'now';
  const waits = hold || start === 'delay' || start === 'startAt' || others.some((other) => !isFinal(other));
  const pool = chance(0.25) ? among(POOLS.slice(1)) : POOLS[0];
  const isSlotTaken = !model.lines.get(pool)!.isFree;
  const steps = chance(0.35);
  const failover = !steps && chance(0.15);
  const kind = { steps, failover };
  const key = chance(0.55) ? drawKey(model, random, kind, dependencies) : {};
  const inQueue = chance(0.4) && (dependencies.length === 0 || model.limit === null);
  const limits = drawLimits(random);
  const clock = among([
    ...(['none', 'none', 'none', 'none', 'long', 'long'] as const),
    // Of two that end by themselves at one time nothing says whose end is first; and one that has a limit of memory waits for a process of
    // its own, which may take longer than it has.
    ...(pool === 'default' && limits.memoryBytes === null ? (['timeout'] as const) : []),
    ...(pool === 'default' && limits.memoryBytes === null && steps ? (['stepTimeout'] as const) : []),
    ...(!isDoomed && (waits || isSlotTaken) ? (['deadline'] as const) : []),
    ...(!isDoomed && !waits && isSlotTaken ? (['queueTimeout'] as const) : []),
  ]);
  return {
    id: `${model.names.queue}-${all.length}`,
    priority: 1 + upTo(10),
    hold,
    start,
    dependencies,
    runAnyway,
    exclusive: false,
    keyLimit: undefined,
    ...key,
    inQueue,
    ...kind,
    rollback: chance(0.8),
    failIfLost: chance(0.3),
    retry: drawRetry(random, clock),
    maxHalts: upTo(4),
    clock,
    pool,
    limits,
    graceMs: among([0, 0, 1_000, 5_000, 60_000]),
    ageAfterMs: among([0, 600_000, 600_000, HOUR, 90 * 24 * HOUR]),
    tags: among<string[]>([[], ['one'], ['one', 'zwei', '三'], ['x'.repeat(64), model.names.queue]]),
    metadata: among<Json>([null, null, 0, 'text', [1, [2]], { of: model.names.queue, deep: { is: true, none: null } }]),
    ifExists: among([undefined, undefined, 'ERROR', 'RETURN_EXISTING']),
    leavesDefaults: chance(0.6),
  };
}

/** One to three of them. */
function some(random: () => number, jobs: ModelJob[]): string[] {
  const { among, upTo } = choices(random);
  return [...new Set(Array.from({ length: 1 + upTo(3) }, () => among(jobs).id))];
}

function drawKey(
  { jobs, names }: Model,
  random: () => number,
  kind: Pick<Created, 'steps' | 'failover'>,
  dependencies: string[],
): Partial<Pick<Created, 'exclusive' | 'keyLimit'>> {
  const { among, chance } = choices(random);
  const key = chance(0.3) ? { exclusive: true, keyLimit: undefined } : { exclusive: false, keyLimit: among([1, 1, 2] as const) };
  const others = Array.from(jobs.values()).filter(({ missing }) => missing.size > 0);
  const taken = new Set(others.flatMap((other) => names.keysOf(other)));
  return dependencies.length > 0 && names.keysOf({ ...kind, ...key }).some((each) => taken.has(each)) ? {} : key;
}

/** A wait that is over at once, or one that nobody sees the end of, also where it is drawn between 0 and that. */
function drawRetry(random: () => number, clock: Created['clock']): Retry {
  const { among, upTo } = choices(random);
  const maxAttempts = 1 + upTo(3);
  const far = { delayMs: HOUR, backoff: among([1, 1.5, 2, 3]), maxDelayMs: among([HOUR, 1.5 * HOUR, 10 * HOUR]), jitter: false };
  // Each that times out costs a process: steps and undos are not to do so again and again by themselves.
  if (clock === 'stepTimeout') return { ...far, maxAttempts: 1 + upTo(2) };
  return among<Retry>([
    ...Array.from({ length: 4 }, () => ({ maxAttempts, ...far })),
    { maxAttempts, delayMs: 300 * 24 * HOUR, backoff: among([1, 2]), maxDelayMs: 3_000 * 24 * HOUR, jitter: true },
    { maxAttempts, delayMs: 300, backoff: among([1, 2]), maxDelayMs: among([400, HOUR]), jitter: false },
    { maxAttempts: 3, delayMs: 1_000, backoff: 2, maxDelayMs: HOUR, jitter: true },
  ]);
}

function drawLimits(random: () => number): Limits {
  const { among, chance } = choices(random);
  const none = { memoryBytes: null, cpuSeconds: null, cpuPercent: null, onMemoryLimit: null };
  if (chance(0.8)) return none;
  const memoryBytes = 192 * MIB;
  const upTo = 256 * MIB;
  // One that has a limit of memory costs a process each time, and is rare.
  return among<Limits>([
    // No attempt comes near it.
    { ...none, cpuSeconds: 3_600, cpuPercent: 6_400.5 },
    { ...none, cpuSeconds: 3_600, cpuPercent: 6_400.5 },
    { ...none, cpuSeconds: 0.4 },
    { ...none, cpuSeconds: 0.4 },
    { ...none, memoryBytes, cpuSeconds: 3_600 },
    { ...none, memoryBytes, onMemoryLimit: { retryWith: among([1.25, 1.5]), upTo } },
  ]);
}

const HOUR = 3_600_000;
const MIB = 2 ** 20;
