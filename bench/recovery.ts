import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphqlClient } from '../test/engine/client.ts';
import { Feed } from '../test/engine/fixtures/feed.ts';
import type { Bench, Figure } from './figure.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { median, quantile, short, spread } from './stats.ts';
import { BENCH_JOBS } from './system.ts';
import { startWhole } from './whole.ts';

const KINDS = ['runner', 'worker', 'orchestrator', 'api', 'temporal'] as const;
type Kind = (typeof KINDS)[number];

/** How long after a kill -9 all goes on, with `npm start` to bring back what was killed. */
export const recovery: Bench = async ({ short: isShort }) => {
  const rounds = isShort ? 2 : 5;
  const dataDir = makeDir('recovery');
  const whole = await startWhole(dataDir, { MILLRACE_JOBS: BENCH_JOBS, MILLRACE_SLOTS: '2' });
  const client = new GraphqlClient(whole.url);
  const feed = await Feed.follow(whole);
  try {
    const system = { dataDir, client, feed };
    const took = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
    const restarts: Restart[] = [];
    const killedAt = new Map<Kind, number>();
    for (let round = 0; round < rounds; round++) {
      for (const kind of KINDS) {
        // What dies again soon after its start is started again later and later.
        await sleep(Math.max(0, (killedAt.get(kind) ?? 0) + STEADY_MS - performance.now()));
        const { ran, ms } = await recoverFrom(kind, system);
        killedAt.set(kind, performance.now());
        took.get(kind)!.push(ms);
        if (kind === 'worker') restarts.push(await restartOf(ran, system));
      }
    }
    return [...KINDS.map((kind) => figureOf(kind, took.get(kind)!)), restartFigure(restarts)];
  } finally {
    await feed.stop();
    await client.close();
    await whole.stop();
    removeDir(dataDir);
  }
};

type System = { dataDir: string; client: GraphqlClient; feed: Feed };

/** From the kill until a job that ran then, and one that is created at that moment, have both been seen FINISHED. */
async function recoverFrom(kind: Kind, { dataDir, client, feed }: System): Promise<{ ran: string; ms: number }> {
  const file = join(dataDir, randomUUID());
  const ran = await create(client, 'hold', { file });
  await feed.until('STARTED', [ran]);
  const runner = feed.of(ran).find((event) => event.kind === 'STARTED')!.detail.pid as number;
  const victim = kind === 'runner' ? runner : Number.parseInt(readFileSync(join(dataDir, 'run', `${kind}.pid`), 'utf8'), 10);
  const began = performance.now();
  process.kill(victim, 'SIGKILL');
  writeFileSync(file, '');
  const created = await create(client, 'noop', {});
  await feed.until('FINISHED', [ran, created]);
  return { ran, ms: performance.now() - began };
}

/** As a client does that is refused: again, with the same id. */
async function create(client: GraphqlClient, type: string, payload: object): Promise<string> {
  const id = randomUUID();
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const { createJob } = await client.data(CREATE, { input: { id, type, payload, ifExists: 'RETURN_EXISTING' } });
      if (createJob.job) return id;
      throw new Error(JSON.stringify(createJob.userErrors));
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** When the attempt that was cut off ran again, after the worker's process had started, and after it was ready. */
type Restart = { sinceStartMs: number; sinceReadyMs: number };

async function restartOf(jobId: string, { dataDir, client }: System): Promise<Restart> {
  const { job, workers } = await client.data(
    'query ($id: ID!) { job(id: $id) { lastAttempt { startedAt } } workers(status: [RUNNING]) { startedAt } }',
    { id: jobId },
  );
  const againAt = Date.parse(job.lastAttempt.startedAt);
  const lines = readFileSync(join(dataDir, 'logs', 'worker.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"ready"'));
  const readyAt = Date.parse((JSON.parse(lines.at(-1)!) as { time: string }).time);
  return { sinceStartMs: againAt - Date.parse(workers[0].startedAt), sinceReadyMs: againAt - readyAt };
}

const figureOf = (kind: Kind, ms: number[]): Figure => ({
  name: `kill -9 of ${WHAT[kind]} → all goes on, p50 / max`,
  value: `${seconds(median(ms))} / ${seconds(quantile(ms, 1))} s`,
  bar: 'stated',
  ok: undefined,
  spread: spread(ms, ' ms'),
  how: `\`npm start\` with 2 slots and a Temporal server of its own. One job runs; at the kill it is let go on, and another is created by a client that tries again every ${RETRY_MS} ms. Until both have been seen FINISHED by a subscriber that comes back with its cursor 50 ms after each cut.`,
});

function restartFigure(restarts: Restart[]): Figure {
  const sinceStart = restarts.map(({ sinceStartMs }) => sinceStartMs);
  const sinceReady = restarts.map(({ sinceReadyMs }) => sinceReadyMs);
  const latest = quantile(sinceStart, 1);
  return {
    name: "killed worker's process started again → what it ran runs again, p50 / max",
    value: `${seconds(median(sinceStart))} / ${seconds(latest)} s`,
    bar: '≤ 2 s',
    ok: latest <= 2_000,
    spread: spread(sinceStart, ' ms'),
    how: 'In the same kills of the worker: from the start of its new process (Worker.startedAt) to Attempt.startedAt.',
    notes: [`after the \`ready\` in its log, where it is earlier negative: ${spread(sinceReady, ' ms')}`],
  };
}

const seconds = (ms: number): string => short(ms / 1_000);
const WHAT: Record<Kind, string> = {
  runner: 'a runner',
  worker: 'the worker',
  orchestrator: 'the orchestrator',
  api: 'the api',
  temporal: 'Temporal',
};
const CREATE = 'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code message } } }';
const STEADY_MS = 12_000;
const RETRY_MS = 20;
const PATIENCE_MS = 60_000;
