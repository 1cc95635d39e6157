import { cpSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { within } from '../../src/process/within.ts';
import { Feed } from '../engine/fixtures/feed.ts';
import { type BlowKind, drawBlows, Hand } from './blows.ts';
import { violationsOf } from './invariants.ts';
import { Load } from './load.ts';
import { type FinalJob, isFinal, type Observed, type Violation } from './observed.ts';
import { type Plant, plantInLoad, plantInObserved } from './plants.ts';
import { recoveriesOf } from './recovery.ts';
import type { Report } from './report.ts';
import { SLOTS, System, WORKERS } from './system.ts';
import { readTrace } from './trace.ts';

export type Options = {
  minutes: number;
  seed: number;
  /** How long at most something is stopped, locked, full or away. */
  longestMs: number;
  /** How long every job has to end once the last blow is over. A lost attempt is noticed after 30 s at the latest, and may be lost again. */
  restMs: number;
  kinds: BlowKind[];
  plants: Plant[];
  say: (line: string) => void;
};

/** Creates jobs and deals out blows for so many minutes, leaves Millrace alone until it has come to rest, and tells what was wrong with it. */
export async function runChaos({ minutes, seed, longestMs, restMs: longestRestMs, kinds, plants, say }: Options): Promise<Report> {
  const system = await System.start();
  process.once('exit', () => system.leaveNothing());
  say(`${system.dir}: ${WORKERS.length} workers of ${SLOTS} slots; ${system.noDisk ?? 'journal and logs on a disk of their own'}`);
  const [row] = system.readJournal<{ seq: number | null }>('select max(seq) as seq from event');
  const subscribedAt = row?.seq ?? 0;
  const feed = await Feed.follow(system);
  // Streams of their own: what a blow draws must not change which jobs there are.
  const load = new Load(system.client, system.traceDir, seeded(seed));
  const hand = new Hand(system);
  await plantInLoad(plants, load, system);

  const over = new AbortController();
  const loading = load.run(over.signal, counterOfOpen(load, feed));
  const random = seeded(seed + 1_000_003);
  const blows = drawBlows(random, longestMs, kinds);
  for (const until = Date.now() + minutes * 60_000; Date.now() < until;) {
    await pause(SHORTEST_PAUSE_MS + MORE_PAUSE_MS * random());
    const blow = blows.next().value;
    await hand.strike(blow);
    if (random() < 0.2) feed.cut();
    if (hand.struck.length > 0 && hand.struck.length % 20 === 0) say(`${hand.struck.length} blows, ${load.jobs.length} jobs`);
  }
  over.abort();
  await Promise.all([hand.rest(), loading]);
  const restAt = Date.now();

  const violations: Violation[] = [];
  if (!(await within(longestRestMs, load.settle())))
    violations.push({ rule: 'every ask is answered', message: `not within ${longestRestMs} ms` });
  await untilAllFinal(system, load, restAt + longestRestMs);
  const restMs = Date.now() - restAt;
  const left: Observed['left'] = await strays(system);
  const final = await readFinal(system, load);
  const [newest] = system.readJournal<{ seq: number | null }>('select max(seq) as seq from event');
  const goal = newest?.seq ?? 0;
  await within(FEED_MS, caughtUp(feed, goal));
  await feed.stop();
  const kept = system.readJournal<{ seq: number; kind: string; status: string; at: number }>(
    `select seq, kind, status, at from event where seq > ${subscribedAt} order by seq`,
  );
  const traces = new Map(load.jobs.map(({ id }) => [id, readTrace(system.traceDir, id)]));
  for (const { command, pid } of await system.stop()) left.push({ when: 'after the stop', command: `${pid} ${command}` });
  const observed: Observed = {
    jobs: load.jobs,
    final,
    traces,
    heard: feed.events.map(({ version }) => version).filter((version) => version <= goal),
    // What came after it had caught up and left is not its to have.
    kept: kept.flatMap(({ seq }) => (seq <= goal ? [seq] : [])),
    gaps: feed.gaps,
    refusals: load.refusals,
    left,
  };
  plantInObserved(plants, observed);
  violations.push(...violationsOf(observed));
  if (violations.length > 0 && plants.length === 0) say(`what it has left is kept in ${keep(system, seed)}`);
  return {
    seed,
    minutes,
    struck: hand.struck,
    jobs: load.jobs,
    final,
    attempts: [...traces.values()].flat().filter(({ what }) => what === 'start').length,
    retries: load.retries,
    events: feed.events.length,
    recoveries: recoveriesOf(hand.struck, {
      traces,
      finishedAt: kept.filter(({ kind }) => kind === 'FINISHED').map(({ at }) => at),
      answeredAt: load.answeredAt,
    }),
    restMs,
    violations,
  };
}

/** How many jobs are accepted and not known to be final, by the feed. */
function counterOfOpen(load: Load, feed: Feed): () => number {
  const ended = new Set<string>();
  let read = 0;
  return () => {
    for (; read < feed.events.length; read++) if (isFinal(feed.events[read]!.status)) ended.add(feed.events[read]!.jobId);
    return load.jobs.length - ended.size;
  };
}

/** Or until the time is over: what has not ended by then is a violation. */
async function untilAllFinal({ client }: System, load: Load, until: number): Promise<void> {
  const query = '{ jobCounts(filter: { tagsAll: ["chaos"] }) { total succeeded failed aborted } }';
  while (Date.now() < until) {
    const counts = await client.data(query).then(
      ({ jobCounts }) => jobCounts,
      () => undefined,
    );
    if (counts && counts.total >= load.jobs.length && counts.succeeded + counts.failed + counts.aborted === counts.total) return;
    await pause(250);
  }
}

async function readFinal({ client }: System, load: Load): Promise<Map<string, FinalJob>> {
  const final = new Map<string, FinalJob>();
  for (let at = 0; at < load.jobs.length; at += PAGE) {
    const ids = load.jobs.slice(at, at + PAGE).map(({ id }) => id);
    const { jobs } = await client.data(
      `query ($ids: [ID!]) { jobs(filter: { ids: $ids }, first: ${PAGE}) { nodes { id status reason { code message } result losses rollback steps { name status } } } }`,
      { ids },
    );
    for (const job of jobs.nodes as FinalJob[]) final.set(job.id, job);
  }
  return final;
}

/** Once every job has ended: what handlers have started is gone, and there is no runner more than slots. */
async function strays(system: System): Promise<Observed['left']> {
  const look = (): string[] => {
    const found = system.processes();
    const runners = found.filter(({ kind }) => kind === 'runner');
    return [
      ...found.filter(({ kind }) => kind === 'other').map(({ pid, command }) => `${pid} ${command}`),
      ...(runners.length > WORKERS.length * SLOTS ? [`${runners.length} runners`] : []),
    ];
  };
  for (const until = Date.now() + STRAY_MS; look().length > 0 && Date.now() < until;) await pause(100);
  return look().map((command) => ({ when: 'when every job had ended', command }));
}

async function caughtUp(feed: Feed, version: number): Promise<void> {
  while ((feed.events.at(-1)?.version ?? 0) < version) await pause(50);
}

function keep(system: System, seed: number): string {
  const dir = join(tmpdir(), `millrace-chaos-kept-${seed}`);
  rmSync(dir, { recursive: true, force: true });
  cpSync(system.dir, dir, { recursive: true });
  return dir;
}

const SHORTEST_PAUSE_MS = 1_500;
const MORE_PAUSE_MS = 4_000;
const STRAY_MS = 20_000;
const FEED_MS = 60_000;
const PAGE = 100;
