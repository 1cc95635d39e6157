import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Json } from '../index.ts';
import { formatBytes } from '../job/bytes.ts';
import { formatDuration } from '../job/duration.ts';
import type { AttemptResult, JobError } from '../job/spec.ts';
import type { AttemptOutcome, ReasonCode } from '../job/status.ts';
import type { AttemptEnd } from '../journal/entries.ts';
import type { Exceeded, Used } from '../worker/gauge.ts';
import { heapUnder } from '../worker/heap.ts';
import type { KillReceipt, RunnerEnd } from '../worker/runner.ts';
import type { FailureDetails } from '../workflows/run-attempt.ts';

/** What ended: the row for the journal, and what only the workflow needs to know. */
export type Ended = { end: AttemptEnd; counted?: boolean; checkpoint?: Json };

/** Its heap was bound by the memory limit: to have reached the one is to have reached the other. */
export function heapWasFull(memoryBytes: number, used: Used | undefined): Exceeded {
  const figure = used ? `, and ${formatBytes(used.peakMemoryBytes)} of memory used` : '';
  const message = `its heap was full at ${formatBytes(heapUnder(memoryBytes))}${figure}: its memory limit is ${formatBytes(memoryBytes)}`;
  return { kind: 'exceeded', code: 'MEMORY_LIMIT', message, signal: 'SIGABRT' };
}

/** An end in the journal's words. Asked to stop and answered at the same moment: the answer that came first counts. */
export function endOf(
  how: RunnerEnd | Exceeded | 'cancelled' | 'shutdown' | 'gone' | 'fenced' | 'timeout',
  base: Pick<AttemptEnd, 'jobId' | 'number' | 'startedAt' | 'at' | 'annotations' | 'peakMemoryBytes' | 'cpuSeconds'>,
  killed: KillReceipt | undefined,
  checkpoint: Json | undefined,
  timeoutMs: number | null,
): Ended {
  const receipt = killed ? { signal: killed.signal, killMs: killed.killMs, killedPids: killed.killedPids } : {};
  const bad = (outcome: AttemptOutcome, code: ReasonCode, message: string, retryable = true): Ended => ({
    end: { ...base, ...receipt, outcome, code, error: { name: code, message, retryable } },
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  switch (how) {
    case 'cancelled':
      return bad('ABORTED', 'ABORTED_BY_USER', 'asked to stop');
    case 'timeout':
      return bad('TIMED_OUT', 'TIMED_OUT', `ran longer than its timeout of ${formatDuration(timeoutMs ?? 0)} and was killed`);
    case 'shutdown':
      return { ...bad('LOST', 'LOST', 'its worker was shut down while it ran'), counted: false };
    case 'fenced':
      return bad('LOST', 'LOST', 'its worker had no answer from Temporal for 24 s, so that it was killed, for another may run it by now');
    case 'gone':
      return bad('LOST', 'LOST', 'Temporal had given it up: its job was terminated, or its worker had lost touch');
  }
  switch (how.kind) {
    case 'exceeded': {
      const { end } = bad('LIMIT_EXCEEDED', how.code, how.message, false);
      return { end: { ...end, ...(how.signal ? { signal: how.signal } : {}) }, ...(checkpoint === undefined ? {} : { checkpoint }) };
    }
    case 'done':
      return { end: { ...base, ...receipt, outcome: 'SUCCEEDED', result: how.result } };
    case 'failed':
      return {
        end: { ...base, ...receipt, outcome: 'FAILED', code: how.code, error: how.error },
        ...(checkpoint === undefined ? {} : { checkpoint }),
      };
    case 'died': {
      const why =
        how.broke === undefined
          ? `its process ended by ${how.signal ?? `exit code ${how.exitCode}`}, which nobody asked for; see the last lines of its log`
          : `its process was killed, for it broke the protocol with its worker: ${how.broke}`;
      const { end, ...rest } = bad('HALTED', 'HALTED', why);
      return { end: { ...end, exitCode: how.exitCode, signal: how.signal }, ...rest };
    }
  }
}

/**
 * The activity's outcome.
 *
 * @throws ApplicationFailure of the reason's code, CancelledFailure for one that was aborted.
 */
export function report(
  end: AttemptEnd,
  { adopted, counted, checkpoint }: { adopted?: boolean; counted?: boolean; checkpoint?: Json },
): AttemptResult {
  if (end.outcome === 'SUCCEEDED') return { result: end.result ?? null, ...(adopted ? { adopted } : {}) };
  const error = end.error as JobError;
  const code = end.code ?? 'INTERNAL';
  if (end.outcome === 'ABORTED' && !adopted) throw new CancelledFailure(error.message);
  const details: FailureDetails = {
    outcome: end.outcome,
    code,
    error,
    ...(adopted ? { adopted } : {}),
    ...(counted === undefined ? {} : { counted }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
  throw ApplicationFailure.create({ message: error.message, type: code, nonRetryable: true, details: [details] });
}
