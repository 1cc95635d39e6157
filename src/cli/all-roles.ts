import { createServer } from 'node:net';
import { type Config, portRefused } from '../config.ts';
import { formatDuration } from '../job/duration.ts';
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
  /** Resolves when every process is gone: the worker drains first. After the second ask to stop nothing is waited for. */
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
  const roles = new Map<string, Supervised>();
  let temporal: TemporalServer | undefined;
  let keeping: Promise<never> = new Promise(() => {});

  const stop = async (): Promise<void> => {
    if (asked.first.aborted) say(`stopping; ${patience(config)}, the rest goes on at the next start (Ctrl-C again: at once)`);
    ending.abort();
    const { worker, ...others } = Object.fromEntries(roles);
    const hurry = (): void => roles.forEach((role) => void role.stopNow(HURRY_MS));
    if (asked.second.aborted) hurry();
    else asked.second.addEventListener('abort', hurry, { once: true });
    // The others serve while it drains: what ends meanwhile is seen to its end, and who looks sees what is left.
    await worker?.stop(config.drainMs + STOP_MS);
    await Promise.all(Object.values(others).map((role) => role.stop(STOP_MS)));
    if (temporal) await keeping.catch(() => {});
    asked.second.addEventListener('abort', () => void temporal?.stop(0), { once: true });
    await temporal?.stop(asked.second.aborted ? 0 : STOP_MS);
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
    for (const role of ['orchestrator', 'worker', 'api']) roles.set(role, supervise(role, config, env, say));
    const [, worker, api] = await untilStopped(asked, Promise.all(Array.from(roles.values(), ({ ready }) => ready)));
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

const patience = ({ drainMs }: Config): string =>
  Number.isFinite(drainMs) ? `what runs has ${formatDuration(drainMs)} to end` : 'what runs may end';

const STOP_MS = 10_000;
/** Longer than a worker waits for Temporal's answers then. */
const HURRY_MS = 4_000;
