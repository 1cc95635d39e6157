import { choices } from './choices.ts';
import { drawJob } from './draw-job.ts';
import { band, isFinal, isWaitingInLine, type ModelJob } from './job.ts';
import type { Model, Operation } from './model.ts';

/** What may be drawn: so many losses, and so many attempts that pass a limit, at most, for each costs a process. */
export type Bounds = { losses: number; excesses: number };

/** The next thing that happens, drawn from what is possible now. */
export function draw(model: Model, random: () => number, { losses, excesses }: Bounds): Operation {
  const { among, chance, upTo } = choices(random);
  const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
  if (open.length < FEWEST_OPEN || chance(0.15)) return drawCreate(model, random);
  const job = among(open);
  const { id } = job;
  // As the ager sees them: those in the bands that no other priority is before do not age.
  const ageing = open.filter((each) => isWaitingInLine(each) && band(each) > HIGHEST_BAND && each.ageAfterMs > 0);
  const running = open.filter((each) => model.isRunning(each.id));
  const ending = running.length === 0 ? undefined : among(running);
  const kind = among([
    ...(['setPriority', 'forceStart', 'abort', 'hold', 'release', 'queue'] as const),
    ...(ageing.length > 0 ? (['age'] as const) : []),
    ...(model.limit === null ? [] : (['setQueueLimit'] as const)),
    ...(ending ? ENDS : []),
    ...(ending && model.losses < losses ? (['lose', 'lose'] as const) : []),
    ...(ending && model.excesses < excesses ? excessesOf(ending) : []),
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
      return { do: kind, id: ending!.id };
  }
}

/** Now and then with an id that is taken: then it is no job. */
function drawCreate(model: Model, random: () => number): Operation {
  const { among, chance } = choices(random);
  const job = drawJob(model, random);
  if (model.jobs.size === 0 || !chance(0.1)) return { do: 'create', job };
  const { id } = among(Array.from(model.jobs.values()));
  return { do: 'createAgain', job: { ...job, id, dependencies: [] }, ifExists: job.ifExists };
}

/** The limits that it can pass in a moment. */
const excessesOf = ({ limits }: ModelJob): ('hog' | 'burn')[] => [
  ...(limits.memoryBytes === null ? [] : (['hog', 'hog', 'hog'] as const)),
  ...(limits.cpuSeconds !== null && limits.cpuSeconds < 1 ? (['burn', 'burn', 'burn'] as const) : []),
];

/** What brings every job of the model to its end. */
export function lastOperations(model: Model): Operation | undefined {
  const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
  if (open.length === 0) return undefined;
  if (model.isPaused) return { do: 'resumeQueue' };
  const running = open.find(({ id }) => model.isRunning(id));
  if (running) return { do: 'succeed', id: running.id };
  const held = open.find(({ status }) => status === 'HELD');
  if (held) return { do: 'release', id: held.id };
  const unserved = open.find(({ pool }) => pool === 'nobody');
  if (unserved) return { do: 'abort', id: unserved.id };
  const late = open.find(({ scheduled, undoing }) => scheduled && !undoing);
  if (late) return { do: 'forceStart', id: late.id, ignoreDependencies: false, ignoreConcurrency: false };
  const undoing = open.find((job) => job.undoing);
  return undoing ? { do: 'abort', id: undoing.id, rollback: false } : undefined;
}

/** So that there is somebody to wait for and somebody to be overtaken by. */
const FEWEST_OPEN = 3;
/** Succeeding is what happens most. */
const ENDS = ['succeed', 'succeed', 'succeed', 'fail', 'fail', 'halt'] as const;
/** Of priority 10. */
const HIGHEST_BAND = 6;
