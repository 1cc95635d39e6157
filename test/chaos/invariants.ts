import { type AskedJob, type FinalJob, isFinal, type Observed, type Violation } from './observed.ts';
import { STEPS } from './steps.ts';
import type { TraceLine } from './trace.ts';

/** A job that was lost so often is given up, and that is no fault (`MAX_LOSSES`). */
const MOST_LOSSES = 5;

/** What must hold of what was seen, whatever was killed meanwhile. */
export function violationsOf(observed: Observed): Violation[] {
  return [
    ...observed.jobs.flatMap((job) => everyAcceptedJobEnds(job, observed)),
    ...observed.jobs.flatMap((job) => itsEndIsWhatItsHandlerDid(job, observed)),
    ...observed.jobs.flatMap((job) => whatWasDoneIsUndoneInReverse(job, observed)),
    ...observed.jobs.flatMap((job) => attemptsGrow(job, observed)),
    ...observed.jobs.flatMap((job) => noPlaceIsOverItsLimit(job, observed)),
    ...noEventIsSkippedOrRepeated(observed),
    ...observed.refusals.map(({ jobId, message }) => ({ rule: 'an accepted job is known', jobId, message })),
    ...observed.left.map(({ when, command }) => ({ rule: 'no process is left', message: `${when}: ${command}` })),
  ];
}

function everyAcceptedJobEnds({ id }: AskedJob, { final }: Observed): Violation[] {
  const status = final.get(id)?.status;
  if (isFinal(status)) return [];
  return [{ rule: 'every accepted job ends', jobId: id, message: status === undefined ? 'there is none of this id' : `it is ${status}` }];
}

/** A status, and that it has its reason in what was asked for and in what the handler has done. */
function itsEndIsWhatItsHandlerDid(job: AskedJob, { final, traces }: Observed): Violation[] {
  const end = final.get(job.id);
  if (!end || !isFinal(end.status)) return [];
  const why = whyNot(job, end, traces.get(job.id) ?? [], final);
  return why === undefined ? [] : [{ rule: 'its end is what its handler did', jobId: job.id, message: `${end.status}, ${why}` }];
}

function whyNot(job: AskedJob, end: FinalJob, trace: TraceLine[], final: Observed['final']): string | undefined {
  const done = trace.filter(({ what, undo }) => what === 'done' && !undo);
  const code = end.reason?.code;
  if (end.status === 'SUCCEEDED') {
    if (job.comesTo === 'FAILED') return 'although its handler never succeeds';
    if (end.steps.length > 0) {
      const missing = STEPS.filter((name) => !done.some(({ step }) => step === name));
      return missing.length > 0 ? `although its steps ${missing.join(', ')} have not come to their end` : undefined;
    }
    const attempt = (end.result as { attempt?: number } | null)?.attempt;
    return done.some((line) => line.attempt === attempt)
      ? undefined
      : `with the result of attempt ${attempt}, which has not come to its end`;
  }
  if (end.status === 'ABORTED') return job.isAborted ? undefined : `${code}, although nobody has asked for it`;
  switch (code) {
    case 'HANDLER_ERROR':
      return job.comesTo === 'FAILED' && trace.some(({ what }) => what === 'failed') ? undefined : `${code}, although its handler succeeds`;
    case 'DEPENDENCY_FAILED': {
      const isSo = job.needsDependencies && job.dependencies.some((id) => ['FAILED', 'ABORTED'].includes(final.get(id)?.status ?? ''));
      return isSo ? undefined : `${code}, although all it waits for has succeeded`;
    }
    case 'LOST':
      return end.losses >= MOST_LOSSES ? undefined : `${code}, after ${end.losses} losses`;
    default:
      return `${code}: ${end.reason?.message}`;
  }
}

/** Its steps in their order; the undoing after them and backwards; and nothing that counts as done left without its undo. */
function whatWasDoneIsUndoneInReverse(job: AskedJob, { final, traces }: Observed): Violation[] {
  const end = final.get(job.id);
  const trace = traces.get(job.id) ?? [];
  if (!end || end.steps.length === 0) return [];
  const problems: string[] = [];
  const places = (undo: boolean): number[] =>
    trace.filter((line) => line.what === 'start' && line.undo === undo).map(({ step }) => STEPS.findIndex((name) => name === step));
  const [runs, undos] = [places(false), places(true)];
  if (runs.some((place, index) => place < (runs[index - 1] ?? 0))) problems.push(`its steps ran in the order ${runs.join(', ')}`);
  if (undos.some((place, index) => place > (undos[index - 1] ?? Infinity))) problems.push(`its undos ran in the order ${undos.join(', ')}`);
  const starts = trace.filter(({ what }) => what === 'start');
  const firstUndo = starts.findIndex(({ undo }) => undo);
  if (firstUndo >= 0 && starts.slice(firstUndo).some(({ undo }) => !undo)) problems.push('a step ran after an undo');
  if (end.status === 'SUCCEEDED' && undos.length > 0) problems.push('it has succeeded, and something was undone');
  if (end.rollback === 'DONE') {
    const left = end.steps.filter(({ status }) => status === 'SUCCEEDED').map(({ name }) => name);
    if (left.length > 0) problems.push(`${left.join(', ')} count as done and were not undone`);
  } else if (end.status !== 'SUCCEEDED' && end.rollback !== null && end.losses < MOST_LOSSES)
    problems.push(`its rollback is ${end.rollback}`);
  for (const { name, status } of end.steps) {
    const isUndone = trace.some(({ what, step, undo }) => what === 'done' && undo && step === name);
    if (status === 'UNDONE' && !isUndone) problems.push(`${name} counts as undone, and its undo has not come to its end`);
  }
  return problems.map((message) => ({ rule: 'what was done is undone in reverse', jobId: job.id, message }));
}

function attemptsGrow({ id }: AskedJob, { traces }: Observed): Violation[] {
  const numbers = (traces.get(id) ?? []).filter(({ what }) => what === 'start').map(({ attempt }) => attempt);
  const isGrowing = numbers.every((number, index) => number > (numbers[index - 1] ?? 0));
  return isGrowing ? [] : [{ rule: "attempts' numbers grow", jobId: id, message: `they ran as ${numbers.join(', ')}` }];
}

/** Of a job's own place, whose limit is one, and of its keys' and its exclusive type's. */
function noPlaceIsOverItsLimit({ id }: AskedJob, { traces }: Observed): Violation[] {
  return (traces.get(id) ?? []).flatMap(({ attempt, places = [] }) =>
    places
      .filter(({ besides, limit }) => besides.length + 1 > limit)
      .map(({ name, limit, besides }) => ({
        rule: limit === 1 && name === `job ${id}` ? 'never two attempts of one job at once' : 'never more than a key allows',
        jobId: id,
        message: `attempt ${attempt} ran beside ${besides.join(', ')} in ${name}, where ${limit} may`,
      })),
  );
}

function noEventIsSkippedOrRepeated({ heard, kept, gaps }: Observed): Violation[] {
  const violations: Violation[] = [];
  const say = (message: string): void => void violations.push({ rule: 'no event is skipped or repeated', message });
  const heardOnce = new Set(heard);
  const keptOnce = new Set(kept);
  const name = (versions: number[]): string => `${versions.length} (${versions.slice(0, 5).join(', ')})`;
  const skipped = kept.filter((version) => !heardOnce.has(version));
  const invented = heard.filter((version) => !keptOnce.has(version));
  const outOfTurn = heard.filter((version, index) => version <= (heard[index - 1] ?? -Infinity));
  if (skipped.length > 0) say(`skipped: ${name(skipped)}`);
  if (invented.length > 0) say(`heard and not kept: ${name(invented)}`);
  if (outOfTurn.length > 0) say(`repeated or out of turn: ${name(outOfTurn)}`);
  if (gaps > 0) say(`told ${gaps} times of a gap, and nothing was ever taken out of the journal`);
  return violations;
}
