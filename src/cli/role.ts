import { join } from 'node:path';
import { type Config, ConfigError } from '../config.ts';
import { openLog, type Logger } from '../log.ts';
import { claimPidFile } from '../process/pid-file.ts';
import { assertWritable } from './claim-data-dir.ts';
import { listenForStop } from './stop-signal.ts';

/** One of Millrace's processes while it runs. */
export type RunningRole = {
  /** What `npm start` shows of it when it is ready. */
  facts?: Record<string, string | number>;
  /** Resolves or rejects when it has ended by itself; with a ConfigError where only now it turns out that it cannot run as it is set up. */
  ended: Promise<unknown>;
  /** Lets what is under way end, and resolves when all is. */
  stop(): Promise<void>;
  /** The second ask: has `stop` wait no longer for what is under way, which has to resolve within moments. Without it the process ends. */
  stopNow?(): void;
};

/** What a role says to the process that started it, if one has. */
export type FromRole =
  | { type: 'ready'; facts: Record<string, string | number> }
  | { type: 'problem'; message: string }
  | { type: 'refused'; message: string };

/** The exit code of a role that cannot run as it is set up: starting it again would be of no use (EX_CONFIG, sysexits.h). */
export const REFUSED = 78;

/**
 * Runs a role until it ends or is told to: SIGINT, SIGTERM, or the end of the process that started it. The second
 * signal stops it at once. Its pid stands in `run/<role>.pid` meanwhile.
 */
export async function runRole(name: string, config: Config, start: (config: Config, log: Logger) => Promise<RunningRole>): Promise<void> {
  const tell = (message: FromRole): void => void process.send?.(message);
  const log = openLog(name, (message) => tell({ type: 'problem', message }));
  const asked = listenForStop(['SIGINT', 'SIGTERM']);
  let running: RunningRole | undefined;
  let release = (): void => {};
  const leave = (code: number): never => {
    release();
    process.exit(code);
  };
  const stop = async (): Promise<void> => {
    if (!running) return leave(0);
    log.info('stopping');
    await running.stop().catch((error: unknown) => log.error({ err: error }, 'did not stop in good order'));
    leave(0);
  };
  const stopNow = (): void => {
    if (!running?.stopNow) return leave(1);
    log.info('stopping at once');
    running.stopNow();
  };
  asked.first.addEventListener('abort', () => void stop());
  asked.second.addEventListener('abort', stopNow);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, `ended by a fault of its own: ${error.message}`);
    leave(1);
  });
  const refuse = (message: string): never => {
    tell({ type: 'refused', message });
    log.fatal(message);
    return leave(REFUSED);
  };
  try {
    assertWritable(config.dataDir);
    // A worker's pid stands with its id.
    if (name !== 'worker') release = claimPid(config, name);
    running = await start(config, log);
  } catch (error) {
    return refuse((error as Error).message);
  }
  tell({ type: 'ready', facts: running.facts ?? {} });
  log.info('ready');
  // A rejection ends in uncaughtException: the process must not live on without its work.
  // Once it was asked to, `stop` sees it to its end, whatever that is.
  void running.ended.then(
    () => asked.first.aborted || leave(1),
    (error: unknown) => {
      if (asked.first.aborted) return;
      if (error instanceof ConfigError) refuse(error.message);
      throw error;
    },
  );
}

function claimPid(config: Config, name: string): () => void {
  for (let n = 1; ; n++) {
    const claimed = claimPidFile(join(config.dataDir, 'run', `${name}${n === 1 ? '' : `-${n}`}.pid`));
    if (claimed) return () => claimed.release();
  }
}
