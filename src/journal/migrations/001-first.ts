import { type Kysely, sql } from 'kysely';

/** Every index stands beside the query it serves. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table job (
    id text primary key, type text not null, queue text not null, pool text not null,
    status text not null, workflow_status text not null, attempts_ended integer not null, last_started integer not null, rev bigint not null,
    priority integer not null, band integer, forced integer not null, halts integer not null, losses integer not null, failures integer not null,
    progress double precision, payload text not null, result text, error text, options text not null, tags text not null, metadata text not null,
    reason_code text, reason_message text, abort_requested_at bigint, abort_grace_ms bigint,
    created_at bigint not null, starts_at bigint, queued_at bigint, started_at bigint, finished_at bigint, version bigint not null)`,
  // jobs(orderBy: CREATED_AT), jobs(filter: {status}), jobCounts
  `create index job_created on job (created_at, id)`,
  `create index job_status on job (status, created_at, id)`,
  `create table job_tag (tag text not null, job_id text not null, primary key (tag, job_id))`,
  `create table attempt (
    job_id text not null, number integer not null, workflow_id text not null, activity_id text not null, worker_id text not null, host text not null, pid integer,
    started_at bigint not null, finished_at bigint, outcome text, exit_code integer, signal text, kill_ms double precision, killed_pids text not null,
    result text, error text, code text, primary key (job_id, number))`,
  // the attempts a worker runs; those a restarted worker had
  `create index attempt_running on attempt (worker_id) where finished_at is null`,
  // seq never falls, also not after a delete: cursors and versions rely on it
  `create table event (
    seq integer primary key autoincrement, job_id text not null, key text not null, at bigint not null, kind text not null, status text not null, detail text)`,
  // told twice, kept once; jobEvents(jobId)
  `create unique index event_key on event (job_id, key)`,
  `create table log_line (
    seq integer primary key autoincrement, job_id text not null, attempt integer not null, at bigint not null, stream text not null, text text not null, dropped integer not null)`,
  // jobLog(jobId), Attempt.log
  `create index log_line_job on log_line (job_id, seq)`,
  `create table job_type (name text not null, pool text not null, definition text not null, primary key (name, pool))`,
  `create table worker (
    id text primary key, host text not null, pool text not null, pid integer not null, slots integer not null, busy integer not null, status text not null,
    job_types text not null, problems text not null, started_at bigint not null, last_seen_at bigint not null, drains_until bigint, cpu_percent double precision, memory_bytes bigint)`,
];
