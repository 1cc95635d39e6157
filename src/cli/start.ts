import { accessSync, constants, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Config, ConfigError } from '../config.ts';
import { claimPidFile, ownerOf } from '../process/pid-file.ts';
import type { TemporalServer } from '../temporal/server/start-temporal-server.ts';
import { supervise, type Supervised } from './supervise.ts';
import { startServer } from './temporal.ts';

/** Runs all of Millrace on this machine, each role a process of its own, until Ctrl-C. Resolves when all is gone. */
export async function start(config: Config, env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<void> {
  const pid = claimDataDir(config);
  const stop = stopSignal();
  const roles: Supervised[] = [];
  let temporal: TemporalServer | undefined;
  try {
    await assertPortFree(config);
    if (!config.temporalAddress) temporal = await startServer(config, say, stop.first);
    for (const role of ['orchestrator', 'worker', 'api']) roles.push(supervise(role, config, env, say));
    const keeping = temporal && keepTemporal(temporal, config, say, stop.first, (next) => (temporal = next));
    const [, worker, api] = await untilStopped(stop.first, Promise.all(roles.map(({ ready }) => ready)));
    say(screen(config, temporal, { ...worker, ...api }));
    await untilStopped(stop.first, new Promise(() => {}));
    await keeping;
  } catch (error) {
    if (!stop.first.aborted) throw error;
  } finally {
    if (stop.first.aborted) say('stopping; what runs has 5 s to end, the rest goes on at the next start (Ctrl-C again: at once)');
    // A second Ctrl-C makes every grace 0.
    const graceMs = (): number => (stop.second.aborted ? 0 : STOP_MS);
    const hurry = (): void => void Promise.all([...roles.map((role) => role.stop(0)), temporal?.stop(0)]);
    stop.second.addEventListener('abort', hurry);
    await Promise.all(roles.map((role) => role.stop(graceMs())));
    await temporal?.stop(graceMs());
    pid.release();
  }
}

/** Starts Temporal again, on the same ports, whenever it dies. */
async function keepTemporal(server: TemporalServer, config: Config, say: (line: string) => void, stop: AbortSignal, use: (server: TemporalServer) => void): Promise<void> {
  for (let current = server; ; ) {
    const sentence = await Promise.race([current.died, new Promise<undefined>((resolve) => stop.addEventListener('abort', () => resolve(undefined)))]);
    if (sentence === undefined || stop.aborted) return;
    say(`${sentence}; it is started again`);
    await current.stop(0);
    current = await startServer(config, say, stop);
    use(current);
  }
}

/** @throws ConfigError where the directory cannot be written, or another Millrace runs on it. */
function claimDataDir({ dataDir }: Config): { release(): void } {
  const file = join(dataDir, 'run', 'start.pid');
  try {
    mkdirSync(join(dataDir, 'run'), { recursive: true });
    accessSync(dataDir, constants.W_OK);
    const claimed = claimPidFile(file);
    if (claimed) return claimed;
  } catch (error) {
    throw new ConfigError(`the data directory ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}): give another by MILLRACE_DATA_DIR`);
  }
  throw new ConfigError(`Millrace runs on ${dataDir} already (pid ${ownerOf(file)}): stop that, or give this one another MILLRACE_DATA_DIR and MILLRACE_PORT`);
}

/** Before anything is started, so that the message is the first line and not the last of many. */
async function assertPortFree({ host, port }: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ConfigError(`port ${port} on ${host} cannot be used (${error.code === 'EADDRINUSE' ? 'another program listens there' : error.code}): give another by MILLRACE_PORT`)),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** Two asks to stop. npm passes Ctrl-C on although the terminal has sent it to all: what comes within a moment is one ask. */
function stopSignal(): { first: AbortSignal; second: AbortSignal } {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = 0;
  const hear = (): void => {
    if (!first.signal.aborted) {
      firstAt = Date.now();
      first.abort();
    } else if (Date.now() - firstAt > ONE_ASK_MS) second.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear);
  return { first: first.signal, second: second.signal };
}

function untilStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      if (stop.aborted) reject(new Error('stopped'));
      stop.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
    }),
  ]);
}

function screen(config: Config, temporal: TemporalServer | undefined, facts: Record<string, string | number>): string {
  const rows = {
    GraphQL: `${facts['url']}/graphql`,
    Playground: `${facts['url']}/playground`,
    ...(temporal?.uiUrl ? { 'Temporal UI': `${temporal.uiUrl}/namespaces/${config.namespace}/workflows` } : {}),
    Temporal: temporal ? `${temporal.address}, ${temporal.how}` : `${config.temporalAddress}, namespace ${config.namespace}`,
    Worker: `${facts['slots']} slots, pool ${config.pool}, ${facts['jobTypes']} job types from ${config.jobsDir}`,
    'Data and logs': config.dataDir,
  };
  const lines = Object.entries(rows).map(([name, value]) => `  ${name.padEnd(14)} ${value}`);
  return ['', 'Millrace runs: api, orchestrator, worker, Temporal, each a process of its own.', '', ...lines, '', 'Ctrl-C stops it. Everything is kept and goes on at the next start.', ''].join('\n');
}

const STOP_MS = 10_000;
const ONE_ASK_MS = 700;
