import { createServer } from 'node:net';
import { type Config, portRefused } from '../config.ts';
import type { TemporalServer } from '../temporal/server/start-temporal-server.ts';
import { claimDataDir } from './claim-data-dir.ts';
import { type StopAsked, untilStopped } from './stop-signal.ts';
import { supervise, type Supervised } from './supervise.ts';
import { forgetServer, startServer } from './temporal.ts';

/** All of Millrace while it runs on this machine. */
export type AllRoles = {
  url: string;
  /** What runs where, a line each. */
  screen: string;
  /** Never resolves; rejects when it cannot go on. */
  ended: Promise<never>;
  /** Resolves when every process is gone. After the second ask to stop no grace is given. */
  stop(): Promise<void>;
};

/**
 * Starts Temporal (unless an address is given), orchestrator, worker and api, each as a process of its own that is started
 * again when it dies, and resolves when all are ready. When it rejects nothing is left behind.
 *
 * @throws ConfigError where the port or the data directory cannot be used; RoleRefused; Stopped.
 */
export async function startAllRoles(
  config: Config,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  asked: StopAsked,
): Promise<AllRoles> {
  const pid = claimDataDir(config);
  const ending = new AbortController();
  const stopSignal = AbortSignal.any([asked.first, ending.signal]);
  const roles: Supervised[] = [];
  let temporal: TemporalServer | undefined;
  let keeping: Promise<never> = new Promise(() => {});

  const stop = async (): Promise<void> => {
    if (asked.first.aborted) say('stopping; what runs has 5 s to end, the rest goes on at the next start (Ctrl-C again: at once)');
    ending.abort();
    // A second Ctrl-C makes every grace 0.
    const graceMs = (): number => (asked.second.aborted ? 0 : STOP_MS);
    asked.second.addEventListener('abort', () => void Promise.all([...roles.map((role) => role.stop(0)), temporal?.stop(0)]));
    await Promise.all(roles.map((role) => role.stop(graceMs())));
    if (temporal) await keeping.catch(() => {});
    await temporal?.stop(graceMs());
    if (temporal) forgetServer(config);
    pid.release();
  };

  try {
    await assertPortFree(config);
    if (!config.temporalAddress) {
      temporal = await startServer(config, say, stopSignal);
      keeping = keepTemporal(temporal, config, say, stopSignal, (next) => (temporal = next));
      keeping.catch(() => {});
    }
    for (const role of ['orchestrator', 'worker', 'api']) roles.push(supervise(role, config, env, say));
    const [, worker, api] = await untilStopped(asked, Promise.all(roles.map(({ ready }) => ready)));
    return { url: String(api?.['url']), screen: screen(config, temporal, { ...worker, ...api }), ended: keeping, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts Temporal again, on the same ports, whenever it dies. Rejects when that fails, or when it is told to stop. */
async function keepTemporal(
  server: TemporalServer,
  config: Config,
  say: (line: string) => void,
  signal: AbortSignal,
  use: (server: TemporalServer) => void,
): Promise<never> {
  const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  for (let current = server; ;) {
    const sentence = await Promise.race([current.died, stopped]);
    say(`${sentence} It is started again.`);
    await current.stop(0);
    current = await startServer(config, say, signal);
    use(current);
  }
}

/** Before anything is started, so that the message is the first line and not the last of many. */
async function assertPortFree(config: Config): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => reject(portRefused(config, error.code)));
    probe.listen(config.port, config.host, () => probe.close(() => resolve()));
  });
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
  return Object.entries(rows)
    .map(([name, value]) => `  ${name.padEnd(14)} ${value}`)
    .join('\n');
}

const STOP_MS = 10_000;
