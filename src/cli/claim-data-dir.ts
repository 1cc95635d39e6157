import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from '../config.ts';
import { claimPidFile, ownerOf } from '../process/pid-file.ts';

/**
 * Makes this process the one that runs the data directory's Temporal server: a second one would end the first one's.
 *
 * @throws ConfigError where the directory cannot be written, or another has it.
 */
export function claimDataDir({ dataDir }: Config): { release(): void } {
  assertWritable(dataDir);
  const file = join(dataDir, 'run', 'start.pid');
  const claimed = claimPidFile(file);
  if (claimed) return claimed;
  throw new ConfigError(
    `Millrace runs on ${dataDir} already (pid ${ownerOf(file)}): stop that, or give this one another MILLRACE_DATA_DIR and MILLRACE_PORT`,
  );
}

/** @throws ConfigError where the data directory is not there and cannot be made, or cannot be written. */
export function assertWritable(dataDir: string): void {
  try {
    mkdirSync(join(dataDir, 'run'), { recursive: true });
    accessSync(dataDir, constants.W_OK);
    accessSync(join(dataDir, 'run'), constants.W_OK);
  } catch (error) {
    throw new ConfigError(
      `the data directory ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}): give another by MILLRACE_DATA_DIR`,
    );
  }
}
