import { isFinal, type Model, type Operation } from './model.ts';

/** The next thing that happens, drawn from what is possible now. */
export function draw(model: Model, random: () => number, prefix: string): Operation {
  const among = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const chance = (share: number): boolean => random() < share;
  const all = Array.from(model.jobs.values());
  const open = all.filter((job) => !isFinal(job));
  if (open.length === 0 || chance(0.3)) {
    return {
      do: 'create',
      job: {
        id: `${prefix}-${all.length}`,
        priority: 1 + Math.floor(random() * 10),
        hold: chance(0.1),
        delay: chance(0.1),
        dependencies: all.length > 0 && chance(0.2) ? [among(all).id] : [],
        runAnyway: chance(0.3),
        exclusiveKey: chance(0.2),
        inQueue: chance(0.4),
      },
    };
  }
  const { id } = among(open);
  const kinds = ['setPriority', 'forceStart', 'abort', 'hold', 'release', 'queue', ...(model.running === undefined ? [] : ENDS)] as const;
  const kind = among(kinds);
  switch (kind) {
    case 'setPriority':
      return { do: kind, id, priority: 1 + Math.floor(random() * 10) };
    case 'forceStart':
      return { do: kind, id, ignoreDependencies: chance(0.5) };
    case 'queue':
      return { do: model.isPaused ? 'resumeQueue' : 'pauseQueue' };
    case 'abort':
    case 'hold':
    case 'release':
      return { do: kind, id };
    default:
      return { do: kind };
  }
}

/** What brings every job of the model to its end. */
export function lastOperations(model: Model): Operation | undefined {
  const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
  if (open.length === 0) return undefined;
  if (model.isPaused) return { do: 'resumeQueue' };
  if (model.running !== undefined) return { do: 'succeed' };
  const held = open.find(({ status }) => status === 'HELD');
  if (held) return { do: 'release', id: held.id };
  const late = open.find(({ status }) => status === 'SCHEDULED');
  return late ? { do: 'forceStart', id: late.id, ignoreDependencies: false } : undefined;
}

/** Succeeding is what happens most. */
const ENDS = ['succeed', 'succeed', 'succeed', 'fail', 'halt'] as const;
