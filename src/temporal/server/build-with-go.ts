import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { directoryOf, type GoProgram, pathOf } from './cached-programs.ts';
import { goInstall, type GoOptions } from './go-install.ts';
import { waitForLock } from './try-lock.ts';

/**
 * Builds a program into the cache and resolves with its path. One process builds at a time; the others wait and find it there.
 *
 * @throws Error with the end of what Go said.
 */
export async function buildWithGo(program: GoProgram, cacheDir: string, options: GoOptions): Promise<string> {
  const path = pathOf(cacheDir, program);
  const directory = directoryOf(cacheDir, program);
  const waiting = (): void => options.say('Another process is building with Go; waiting for it to finish.');
  const lock = await waitForLock(join(cacheDir, 'build.lock'), waiting, options.signal);
  try {
    if (existsSync(path)) return path;
    // A directory of its own, for both programs are called `server`; renamed when done, so that a killed build leaves nothing that looks whole.
    const buildDir = `${directory}${UNFINISHED}${process.pid}`;
    mkdirSync(buildDir, { recursive: true });
    await goInstall(program, buildDir, options);
    rmSync(directory, { recursive: true, force: true });
    renameSync(buildDir, directory);
    return path;
  } finally {
    removeUnfinished(directory);
    lock.release();
  }
}

/** Ours when it failed, and those of builds that were killed: we have the lock, so nobody is at work in them. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(dirname(directory))) {
    if (name.startsWith(basename(directory) + UNFINISHED)) rmSync(join(dirname(directory), name), { recursive: true, force: true });
  }
}

const UNFINISHED = '.building-';
