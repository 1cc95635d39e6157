import type { Generated } from 'kysely';

/** The journal's tables. Times are ms since 1970, JSON is text, flags are 0 or 1: the same in SQLite and PostgreSQL. */
export type Tables = {
  meta: { key: string; value: string };
  job: JobTable;
  job_tag: { tag: string; job_id: string };
  /** `told`: the job knows that this one has ended. */
  dependency: { job_id: string; depends_on: string; told: number };
  attempt: AttemptTable;
  event: EventTable;
  log_line: LogLineTable;
  usage_sample: UsageSampleTable;
  /** As each worker has published it. */
  job_type: { name: string; pool: string; worker_id: string; published_at: number; definition: string };
  worker: WorkerTable;
  /** Those that have, or have had, a policy. */
  queue: { name: string; paused: number; max_running: number | null };
  bulk_operation: BulkTable;
  /** The jobs a bulk operation is about, from its start to its end. */
  bulk_item: { operation_id: string; job_id: string };
  bulk_error: BulkErrorTable;
};

export type JobTable = {
  id: string;
  type: string;
  queue: string;
  pool: string;
  /** What is shown; made from the two below and `workflow_status` at every record. */
  status: string;
  workflow_status: string;
  attempts_ended: number;
  last_started: number;
  /** The workflow's counter: a record that is not newer changes nothing. */
  rev: number;
  priority: number;
  effective_priority: number;
  band: number | null;
  forced: number;
  held: number;
  failed_over: number;
  halts: number;
  losses: number;
  failures: number;
  progress: number | null;
  payload: string;
  result: string | null;
  error: string | null;
  /** How its steps stand; [] for a job of one piece. */
  steps: string;
  rollback: string | null;
  options: string;
  tags: string;
  metadata: string;
  reason_code: string | null;
  reason_message: string | null;
  abort_requested_at: number | null;
  /** The grace of an abort that is under way, for the worker to read. */
  abort_grace_ms: number | null;
  created_at: number;
  starts_at: number | null;
  queued_at: number | null;
  /** Where it waits to be let in. */
  gate: string | null;
  /** 1: moved out of Temporal's line, with its paused queue. 2: in a journal that was made anew nobody knows. */
  in_line_paused: number;
  /** Since when it stands at its place: it got to its band's tail then. */
  band_since: number | null;
  age_after_ms: number;
  /** When it is due to move up, by its time in its band, at a gate as well; null where it is not in line, or does not age. */
  ages_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  /** The seq of its last event. */
  version: number;
};

export type AttemptTable = {
  job_id: string;
  number: number;
  workflow_id: string;
  activity_id: string;
  step: string | null;
  undo: number;
  worker_id: string;
  host: string;
  pid: number | null;
  started_at: number;
  finished_at: number | null;
  /** Its worker has said that no process of it is left. */
  processes_gone: number;
  outcome: string | null;
  exit_code: number | null;
  signal: string | null;
  kill_ms: number | null;
  killed_pids: string;
  result: string | null;
  error: string | null;
  /** The reason code of a bad end, for the attempt that adopts it. */
  code: string | null;
  /** What its handler and hooks have noted; null where they have not. */
  annotations: string | null;
  peak_memory_bytes: number | null;
  cpu_seconds: number | null;
};

export type EventTable = {
  seq: Generated<number>;
  job_id: string;
  /** Who told it and which it is of theirs (`w<run>.3.0`, `a2.started.<at>`): told twice, it is kept once. */
  key: string;
  at: number;
  kind: string;
  status: string;
  detail: string | null;
};

export type LogLineTable = {
  seq: Generated<number>;
  job_id: string;
  attempt: number;
  at: number;
  stream: string;
  text: string;
  /** Lines left out before this one, by the caps. */
  dropped: number;
};

export type UsageSampleTable = {
  job_id: string;
  attempt: number;
  at: number;
  memory_bytes: number;
  cpu_percent: number;
  /** Since its start. */
  cpu_seconds: number;
};

export type WorkerTable = {
  id: string;
  host: string;
  pool: string;
  pid: number;
  slots: number;
  busy: number;
  status: string;
  job_types: string;
  problems: string;
  started_at: number;
  last_seen_at: number;
  drains_until: number | null;
  cpu_percent: number | null;
  memory_bytes: number | null;
};

export type BulkTable = {
  id: string;
  action: string;
  status: string;
  matched: number;
  done: number;
  failed: number;
  started_at: number;
  finished_at: number | null;
};

export type BulkErrorTable = {
  operation_id: string;
  job_id: string;
  code: string;
  message: string;
  path: string | null;
  rule: string | null;
};
