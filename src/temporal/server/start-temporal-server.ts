import { readFileSync, statSync } from 'node:fs';
import { type DataPaths, dataPathsOf } from './data-paths.ts';
import { dropIndexes } from './drop-indexes.ts';
import { endLeftovers } from './end-leftovers.ts';
import { findServer, type ServerProgram } from './find-server.ts';
import { keepPorts, type Ports } from './keep-ports.ts';
import { cliArgs, serverArgs, uiArgs } from './server-config.ts';
import { type Program, startProgram } from './start-program.ts';
import { waitUntilReady } from './wait-until-ready.ts';
import { waysToGetAServer } from './ways.ts';

export type TemporalServer = {
  /** host:port of the frontend. */
  address: string;
  /** The Web UI; undefined where none could be had or none was asked for. It may answer a moment later than the server. */
  uiUrl: string | undefined;
  /** Where the server came from, such as "Temporal CLI 1.9.1 (server 1.32.0) on PATH". */
  how: string;
  /** Every process that was started; each leads a process group. */
  pids: number[];
  /** Resolves when all processes are gone: SIGTERM, then SIGKILL after graceMs (default 10 s). Another call may shorten the grace. */
  stop(graceMs?: number): Promise<void>;
  /** Resolves with a sentence when a process dies unasked, the UI's too. */
  died: Promise<string>;
};

export type TemporalServerOptions = {
  /** Holds database, config, ports, pids and log. The caller must be the only one at work in it. */
  dataDir: string;
  /** What the UI shows first (the CLI's shows `default`). It is not registered here. */
  namespace: string;
  /** Progress for a human; nothing is said when all goes fast. */
  say: (line: string) => void;
  /** Default true. */
  ui?: boolean | undefined;
  /** Aborting ends the start, whatever it is at; a server that has started is ended by `stop` only. */
  signal?: AbortSignal | undefined;
  /** For PATH and the cache directory, and handed on to the programs. Default: our own. */
  env?: NodeJS.ProcessEnv | undefined;
};

/**
 * Starts a Temporal server on 127.0.0.1 that keeps everything in `dataDir`, and resolves when it answers gRPC: within a second
 * when the program is at hand, some minutes later when it must be built first.
 *
 * A server that an earlier run left behind in this directory is ended first.
 *
 * @throws Error that lists the ways to get a server when none works, or has the end of the log when it does not start.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dataDir, say, ui = true, signal, env = process.env } = options;
  signal?.throwIfAborted();
  const paths = dataPathsOf(dataDir);
  await endLeftovers(paths, say);
  const found = await findServer(waysToGetAServer({ env, ui, say, signal }), signal);
  const { ports, release } = await keepPorts(paths.portsFile);
  const logStart = statSync(paths.logFile, { throwIfNoEntry: false })?.size ?? 0;
  const running: Program[] = [];
  let stopping = false;
  const stop = async (graceMs = DEFAULT_GRACE_MS): Promise<void> => {
    stopping = true;
    await Promise.all(running.map((program) => program.stop(graceMs)));
  };
  try {
    for (const spec of programsOf(found, paths, ports, { ...options, ui })) {
      running.push(await startProgram({ ...spec, env, logFile: paths.logFile }));
    }
    const died = new Promise<string>((resolve) => {
      for (const program of running) void program.ended.then((sentence) => stopping || resolve(sentence));
    });
    const address = `127.0.0.1:${ports.frontend}`;
    await readyUnlessDead(address, died, signal);
    dropIndexes(paths.dbFile);
    const hasUi = ui && (found.kind === 'cli' || found.uiPath !== undefined);
    return {
      address,
      uiUrl: hasUi ? `http://127.0.0.1:${ports.ui}` : undefined,
      how: found.how,
      pids: running.map(({ pid }) => pid),
      stop,
      died,
    };
  } catch (error) {
    await stop(0);
    signal?.throwIfAborted();
    throw new Error(`${(error as Error).message}\n${paths.logFile} ends with:\n${tailOf(paths.logFile, logStart)}`, { cause: error });
  } finally {
    release();
  }
}

function programsOf(found: ServerProgram, paths: DataPaths, ports: Ports, { ui, namespace }: { ui: boolean; namespace: string }) {
  if (found.kind === 'cli')
    return [{ title: 'Temporal server', path: found.path, args: cliArgs(paths, ports, ui), pidFile: paths.serverPidFile }];
  const server = { title: 'Temporal server', path: found.path, args: serverArgs(paths, ports), pidFile: paths.serverPidFile };
  if (!ui || found.uiPath === undefined) return [server];
  return [server, { title: 'Temporal Web UI', path: found.uiPath, args: uiArgs(paths, ports, namespace), pidFile: paths.uiPidFile }];
}

async function readyUnlessDead(address: string, died: Promise<string>, signal?: AbortSignal): Promise<void> {
  const giveUp = new AbortController();
  const dead = died.then((sentence) => Promise.reject(new Error(sentence)));
  try {
    await Promise.race([
      waitUntilReady(address, { deadlineMs: READY_MS, signal: AbortSignal.any([giveUp.signal, ...(signal ? [signal] : [])]) }),
      dead,
    ]);
  } finally {
    giveUp.abort();
  }
}

/** The last lines that were written since `start`. */
function tailOf(logFile: string, start: number): string {
  // Each is cut: the server's own end in a stack trace of some thousand characters.
  const lines = readFileSync(logFile).subarray(start).toString('utf8').trim().split('\n');
  return lines
    .slice(-TAIL_LINES)
    .map((line) => line.slice(0, TAIL_COLUMNS))
    .join('\n');
}

const READY_MS = 60_000;
const DEFAULT_GRACE_MS = 10_000;
const TAIL_LINES = 15;
const TAIL_COLUMNS = 400;
