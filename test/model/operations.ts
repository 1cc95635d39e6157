import { band, type Created, isFinal, isWaitingInLine } from './job.ts';
import type { Model, Operation } from './model.ts';

/** What may be drawn: so many losses at most, for each costs a worker. */
export type Bounds = { losses: number };

/** The next thing that happens, drawn from what is possible now. */
export function draw(model: Model, random: () => number, { losses }: Bounds): Operation {
  const { among, chance, upTo } = choices(random);
  const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
  if (open.length < FEWEST_OPEN || chance(0.15)) return { do: 'create', job: drawJob(model, random) };
  const job = among(open);
  const { id } = job;
  // As the ager sees them: those in the bands that no other priority is before do not age.
  const ageing = open.filter((each) => isWaitingInLine(each) && band(each) > HIGHEST_BAND);
  const kind = among([
    ...(['setPriority', 'forceStart', 'abort', 'hold', 'release', 'queue'] as const),
    ...(ageing.length > 0 ? (['age'] as const) : []),
    ...(model.limit === null ? [] : (['setQueueLimit'] as const)),
    ...(model.running === undefined ? [] : ENDS),
    ...(model.running === undefined || model.losses >= losses ? [] : (['lose', 'lose'] as const)),
  ]);
  switch (kind) {
    case 'setPriority':
      return { do: kind, id, priority: 1 + upTo(10) };
    case 'forceStart':
      return { do: kind, id, ignoreDependencies: chance(0.5), ignoreConcurrency: chance(0.3) };
    case 'abort':
      return { do: kind, id, ...(chance(0.25) ? { rollback: false } : {}) };
    case 'age':
      return { do: kind, id: among(ageing).id };
    case 'hold':
    case 'release':
      return { do: kind, id };
    case 'queue':
      return { do: model.isPaused ? 'resumeQueue' : 'pauseQueue' };
    case 'setQueueLimit':
      return { do: kind, limit: 1 + upTo(2) };
    default:
      return { do: kind };
  }
}

/**
 * A job with any option there is, in any combination whose outcome the rules tell: of two that arrive at a gate because of one
 * event nothing says who is first, so at most one job waits for another, and one that does needs no key; and a clock is only short where
 * it cannot be too late.
 */
function drawJob(model: Model, random: () => number): Created {
  const { among, chance, upTo } = choices(random);
  const all = Array.from(model.jobs.values());
  const free = all.filter(({ id }) => !all.some(({ missing }) => missing.has(id)));
  const dependencies = free.length > 0 && chance(0.2) ? [...new Set([among(free).id, among(free).id])] : [];
  const others = dependencies.map((id) => model.jobs.get(id)!);
  const runAnyway = chance(0.3);
  const isDoomed = !runAnyway && others.some(({ status }) => status === 'FAILED' || status === 'ABORTED');
  const hold = chance(0.1);
  const start = chance(0.1) ? among(['delay', 'startAt'] as const) : chance(0.05) ? 'past' : 'now';
  const waits = hold || start === 'delay' || start === 'startAt' || others.some((other) => !isFinal(other));
  const isSlotTaken = model.running !== undefined;
  const steps = chance(0.35);
  const needsKey = dependencies.length === 0 && chance(0.55);
  const exclusive = needsKey && chance(0.3);
  const clock = among([
    ...(['none', 'none', 'none', 'none', 'long', 'long'] as const),
    ...(steps ? [] : (['timeout'] as const)),
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
    exclusive,
    keyLimit: needsKey && !exclusive ? among([1, 1, 2] as const) : undefined,
    inQueue: chance(0.4) && (dependencies.length === 0 || model.limit === null),
    steps,
    rollback: chance(0.8),
    failover: !steps && chance(0.15),
    failIfLost: chance(0.3),
    maxAttempts: 1 + upTo(2),
    maxHalts: upTo(3),
    clock,
  };
}

/** What brings every job of the model to its end. */
export function lastOperations(model: Model): Operation | undefined {
  const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
  if (open.length === 0) return undefined;
  if (model.isPaused) return { do: 'resumeQueue' };
  if (model.running !== undefined) return { do: 'succeed' };
  const held = open.find(({ status }) => status === 'HELD');
  if (held) return { do: 'release', id: held.id };
  const late = open.find(({ scheduled, undoing }) => scheduled && !undoing);
  if (late) return { do: 'forceStart', id: late.id, ignoreDependencies: false, ignoreConcurrency: false };
  const undoing = open.find((job) => job.undoing);
  return undoing ? { do: 'abort', id: undoing.id, rollback: false } : undefined;
}

const choices = (random: () => number) => {
  const upTo = (count: number): number => Math.floor(random() * count);
  return { upTo, among: <T>(items: readonly T[]): T => items[upTo(items.length)]!, chance: (share: number): boolean => random() < share };
};

/** So that there is somebody to wait for and somebody to be overtaken by. */
const FEWEST_OPEN = 3;
/** Succeeding is what happens most. */
const ENDS = ['succeed', 'succeed', 'succeed', 'fail', 'fail', 'halt'] as const;
/** Of priority 10. */
const HIGHEST_BAND = 6;
