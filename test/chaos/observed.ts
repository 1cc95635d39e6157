import type { TraceLine } from './trace.ts';

/** A job as the suite has created it, with what it may come to. */
export type AskedJob = {
  id: string;
  kind: string;
  /** By what its handler does. */
  comesTo: 'SUCCEEDED' | 'FAILED';
  /** Somebody has asked it to stop, whatever became of the ask. */
  isAborted: boolean;
  dependencies: string[];
  /** A dependency that has not succeeded fails it. */
  needsDependencies: boolean;
};

/** A job as the api shows it at the end. */
export type FinalJob = {
  id: string;
  status: string;
  reason: { code: string; message: string } | null;
  result: unknown;
  losses: number;
  rollback: string | null;
  steps: { name: string; status: string }[];
};

/** What was seen of a Millrace from the outside, when it was left alone and had its time to come to rest. */
export type Observed = {
  /** Those whose creation was answered. */
  jobs: AskedJob[];
  /** By id; none where the api does not know the job. */
  final: Map<string, FinalJob>;
  /** What the handlers have left, by job. */
  traces: Map<string, TraceLine[]>;
  /** Versions in the order in which a subscriber got them that came back with its cursor whenever it was cut off. */
  heard: number[];
  /** Versions of the journal's own rows from the moment on at which it subscribed. */
  kept: number[];
  /** How often it was told that something is missing. */
  gaps: number;
  /** What a mutation on a job that was accepted was refused with, where it should not have been. */
  refusals: { jobId: string; message: string }[];
  /** Processes that should have been gone, and when that was seen. */
  left: { when: string; command: string }[];
};

export type Violation = { rule: string; jobId?: string; message: string };

export const isFinal = (status: string | undefined): boolean => status !== undefined && ['SUCCEEDED', 'FAILED', 'ABORTED'].includes(status);
