import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Config, ConfigError } from '../../config.ts';
import { type StopAsked, untilStopped } from '../stop-signal.ts';
import { supervise, type Supervised } from '../supervise.ts';
import { DemoFailed, Graphql } from './graphql.ts';
import { type DemoJob, demoJobs } from './jobs.ts';
import { eventLine, liveLines, type WorkerFigures } from './lines.ts';
import { memoryOf } from './processes.ts';
import type { Screen } from './screen.ts';
import { type Sink, startSmtpSink, startWebhookReceiver } from './sinks.ts';
import { summary } from './summary.ts';
import { type FeedEvent, Tally } from './tally.ts';
import { differences } from './verdict.ts';

export type DemoRun = { url: string; config: Config; env: NodeJS.ProcessEnv; screen: Screen; asked: StopAsked };

/**
 * Runs the 20 jobs on a worker of their own, shown on the screen, and resolves with what was not as it should be.
 * Whatever happens, its worker and its sinks are gone then, and no job of it is left in line.
 */
export async function runDemo(run: DemoRun): Promise<string[]> {
  const { url, config, env, screen, asked } = run;
  const sinks: Sink[] = [];
  const graphql = new Graphql(url);
  let worker: Supervised | undefined;
  let tally: Tally | undefined;
  let watched: Promise<number> | undefined;
  try {
    await assertOurs(graphql, run);
    await clearLeftovers(graphql, config);
    const smtp = await startSmtpSink({ seed: SEED });
    sinks.push(smtp);
    const webhooks = await startWebhookReceiver({ seed: SEED });
    sinks.push(webhooks);
    worker = supervise(
      'worker',
      config,
      { ...env, MILLRACE_POOL: POOL, MILLRACE_SLOTS: String(SLOTS), MILLRACE_JOBS: JOBS },
      (line) => screen.say(line),
      'worker-demo',
    );
    const runTag = `demo-${randomBytes(3).toString('hex')}`;
    const jobs = await demoJobs({
      smtpUrl: smtp.url,
      webhookUrl: webhooks.url,
      workDir: join(workDirsOf(config), runTag),
      seed: SEED,
      runTag,
    });
    const inputs = jobs.map((job, index) => ({ ...job, id: `${runTag}-${index + 1}` }));
    await untilStopped(asked, workerIsThere(graphql, worker, new Set(jobs.map(({ type }) => type)), url));
    screen.say(
      `A worker with ${SLOTS} slots serves pool "${POOL}" (pid ${worker.pid()}); mails go to ${smtp.url}, webhooks to ${webhooks.url}.\n`,
    );

    tally = new Tally(inputs);
    watched = createAndWatch(graphql, inputs, tally, run);
    const totalMs = await untilStopped(asked, watched);
    for (const line of summary(tally, totalMs, memoryOf(config.dataDir))) screen.say(line);
    return await differences(graphql, runTag, tally, { smtp, webhooks });
  } finally {
    if (watched && tally && !tally.isOver) {
      screen.say('The demo ends early: what is left of its jobs is aborted.');
      const enough = AbortSignal.any([asked.second, AbortSignal.timeout(ABORT_MS)]);
      await abortAll(graphql, { tagsAll: ['demo'], idPrefix: idPrefixOf(tally) }, watched, enough).catch(() => {});
    }
    await worker?.stop(asked.second.aborted ? 0 : STOP_MS);
    await Promise.all([graphql.close(), ...sinks.map((sink) => sink.stop())]);
  }
}

/** @throws ConfigError where the Millrace that answers keeps its journal elsewhere: our worker would serve another one. */
async function assertOurs(graphql: Graphql, { url, config }: DemoRun): Promise<void> {
  const { serverInfo } = await graphql.ask<{ serverInfo: { journal: string } }>('{ serverInfo { journal } }');
  if (serverInfo.journal === `sqlite ${config.journalFile}`) return;
  throw new ConfigError(
    `the Millrace at ${url} keeps its journal in ${serverInfo.journal}, here it would be ${config.journalFile}: run the demo with the same MILLRACE_DATA_DIR, or with another MILLRACE_PORT`,
  );
}

/** Ends what a demo that was killed has left in line: its sinks are gone, and its jobs stand before ours. */
async function clearLeftovers(graphql: Graphql, config: Config): Promise<void> {
  const { workers } = await graphql.ask<{ workers: { id: string }[] }>(`{ workers(pool: "${POOL}", status: [RUNNING, DRAINING]) { id } }`);
  // Another demo beside us needs its jobs and files.
  if (workers.length > 0) return;
  await abortOpen(graphql, { tagsAll: ['demo'], pool: [POOL] }, AbortSignal.timeout(CLEAR_MS)).catch(() => {});
  await rm(workDirsOf(config), { recursive: true, force: true });
}

/**
 * Resolves when none is open and no more can come: the api goes on with a request that creates them, whoever waits for its answer.
 * Best effort: what is not stopped when it is enough is stopped by the next demo.
 */
async function abortAll(graphql: Graphql, filter: object, watched: Promise<unknown>, enough: AbortSignal): Promise<void> {
  let mayGrow = true;
  const noMore = (): void => void (mayGrow = false);
  watched.then(noMore, noMore);
  for (;;) {
    const wasGrowing = mayGrow;
    const open = await abortOpen(graphql, filter, enough);
    if (open === 0 && !wasGrowing) return;
    await sleep(POLL_MS, undefined, { signal: enough });
  }
}

/** Asks those that have not been asked, and answers with how many were open. */
async function abortOpen(graphql: Graphql, filter: object, enough: AbortSignal): Promise<number> {
  const list = 'query ($filter: JobFilter) { jobs(filter: $filter, first: 100) { nodes { id abortRequestedAt } } }';
  const abort =
    'mutation ($id: ID!) { abortJob(input: { id: $id, message: "the demo was stopped", grace: "0s" }) { userErrors { code } } }';
  const open = { ...filter, status: ['SCHEDULED', 'QUEUED', 'RUNNING'] };
  type Open = { jobs: { nodes: { id: string; abortRequestedAt: string | null }[] } };
  const { jobs } = await graphql.ask<Open>(list, { filter: open }, enough);
  const unasked = jobs.nodes.filter(({ abortRequestedAt }) => abortRequestedAt === null);
  await Promise.allSettled(unasked.map(({ id }) => graphql.ask(abort, { id }, enough)));
  return jobs.nodes.length;
}

/** Resolves when the api knows our worker as RUNNING and has the types in its pool. */
async function workerIsThere(graphql: Graphql, worker: Supervised, types: ReadonlySet<string>, url: string): Promise<void> {
  await worker.ready;
  const until = Date.now() + WORKER_MS;
  const query = `{ workers(pool: "${POOL}", status: [RUNNING]) { pid } jobTypes { name pools } }`;
  for (;;) {
    const { workers, jobTypes } = await graphql.ask<{ workers: { pid: number }[]; jobTypes: { name: string; pools: string[] }[] }>(query);
    const known = jobTypes.filter(({ name, pools }) => types.has(name) && pools.includes(POOL));
    if (known.length === types.size && workers.some(({ pid }) => pid === worker.pid())) return;
    if (Date.now() > until)
      throw new ConfigError(
        `the Millrace at ${url} does not see the worker that was started here (pid ${worker.pid()}): have both the same TEMPORAL_ADDRESS and MILLRACE_DATA_DIR?`,
      );
    await sleep(POLL_MS);
  }
}

/**
 * Creates the jobs, follows them on the screen and resolves when the last has ended, with how long it all took.
 *
 * @throws DemoFailed where a job is refused, or has not ended within LIMIT_MS.
 */
async function createAndWatch(
  graphql: Graphql,
  inputs: (DemoJob & { id: string })[],
  tally: Tally,
  { screen, asked, config }: DemoRun,
): Promise<number> {
  const resume: { after?: string } = {};
  const feed = graphql.subscribe<{ jobEvents: { cursor: string; events: FeedEvent[] } }>(FEED, resume);
  // It says at once where it stands: what is created after that is in it.
  const first = await feed.next();
  if (!first.done) resume.after = first.value.jobEvents.cursor;
  // From then on nobody looks at what would be created here.
  asked.first.throwIfAborted();
  const workers = graphql.subscribe<{ workersUpdated: { workers: (WorkerFigures & { status: string })[] } }>(WORKERS);
  let figures: WorkerFigures | undefined;
  const followed = (async () => {
    for await (const { workersUpdated } of workers)
      figures = workersUpdated.workers.findLast(({ status }) => status === 'RUNNING') ?? figures;
  })().catch(() => {});

  const startedAt = Date.now();
  const draw = (): void => screen.draw(liveLines(tally, figures, startedAt, Date.now(), screen));
  const timer = setInterval(draw, screen.isLive ? REDRAW_MS : PRINT_MS);
  const leave = (): void => void feed.return();
  const late = setTimeout(leave, LIMIT_MS);
  try {
    const created = create(graphql, inputs);
    created.catch(leave);
    asked.first.addEventListener('abort', leave);
    for await (const { jobEvents } of feed) {
      resume.after = jobEvents.cursor;
      for (const event of jobEvents.events) {
        const row = tally.take(event);
        const line = row && eventLine(event, row, startedAt, screen);
        if (line) screen.say(line);
      }
      if (tally.isOver) break;
    }
    const totalMs = Date.now() - startedAt;
    await created;
    if (tally.isOver) return totalMs;
    const open = tally.rows.size - tally.ended;
    throw new DemoFailed(
      `${open} jobs have not ended within ${LIMIT_MS / 1_000} s; the logs in ${join(config.dataDir, 'logs')} may say why`,
    );
  } finally {
    clearInterval(timer);
    clearTimeout(late);
    draw();
    screen.leave();
    await Promise.all([feed.return(), workers.return()]);
    await followed;
  }
}

/** @throws DemoFailed with the refusals where one of the jobs is refused. */
async function create(graphql: Graphql, inputs: (DemoJob & { id: string })[]): Promise<void> {
  const { createJobs } = await graphql.ask<{ createJobs: { results: { userErrors: { message: string }[] }[] } }>(CREATE, { jobs: inputs });
  const refusals = createJobs.results.flatMap(({ userErrors }) => userErrors.map(({ message }) => message));
  if (refusals.length > 0) throw new DemoFailed(`jobs were refused: ${refusals.join('; ')}`);
}

const workDirsOf = ({ dataDir }: Config): string => join(dataDir, 'demo');
const idPrefixOf = (tally: Tally): string => Array.from(tally.rows.keys())[0]!.replace(/\d+$/, '');

const CREATE = 'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { userErrors { message } } } }';
const FEED = 'subscription ($after: String) { jobEvents(after: $after) { cursor events { jobId kind status version at detail } } }';
const WORKERS = 'subscription { workersUpdated(pool: "demo") { workers { status memoryBytes cpuPercent } } }';
/** The shipped ones, wherever the user's own are. */
const JOBS = fileURLToPath(new URL('../../../jobs', import.meta.url));
const POOL = 'demo';
const SLOTS = 4;
const SEED = 7;
const STOP_MS = 10_000;
/** Where Millrace is busy; who does not want to wait for it asks again. */
const ABORT_MS = 30_000;
const CLEAR_MS = 30_000;
const WORKER_MS = 30_000;
const POLL_MS = 50;
const REDRAW_MS = 100;
const PRINT_MS = 900;
const LIMIT_MS = 180_000;
