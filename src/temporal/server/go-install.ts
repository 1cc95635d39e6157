import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { endGroup } from '../../process/group.ts';
import type { GoProgram } from './cached-programs.ts';
import { isAtLeast } from './cli-version.ts';

export type GoOptions = {
  goPath: string;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  signal?: AbortSignal | undefined;
  /** How often progress is told. Default 5 s. */
  sayEveryMs?: number;
};

/** Undefined when this Go can build the server, else a sentence that says why it cannot. */
export async function whyGoCannotBuild(goPath: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // Not in our working directory: a go.mod there could make it load another Go first.
  const { stdout } = await promisify(execFile)(goPath, ['version'], { env, cwd: '/', timeout: 30_000 });
  const version = /\bgo(\d+\.\d+\S*)/.exec(stdout)?.[1];
  return version !== undefined && isAtLeast(version, [1, 26])
    ? undefined
    : `${goPath} is Go ${version ?? `"${stdout.trim()}"`}; 1.26 or newer is needed`;
}

/**
 * Builds a program with `go install` into `binDir`, about 8 minutes for the server the first time on 2 cores.
 *
 * @throws Error with the last lines of what Go said; the signal's reason when it was aborted, after Go and its compilers are gone.
 */
export async function goInstall(
  program: GoProgram,
  binDir: string,
  { goPath, env, say, signal, sayEveryMs = 5_000 }: GoOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const title = `${program.title} ${program.version}`;
  say(`Building the ${title} with Go. This is done once and takes some minutes.`);
  // Its own group, so that an abort ends the compilers as well.
  const go = spawn(goPath, ['install', '-v', `${program.goPackage}@v${program.version}`], {
    env: { ...env, GOBIN: binDir },
    cwd: binDir,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let ending: Promise<void> | undefined;
  const abort = (): void => {
    if (go.pid !== undefined) ending = endGroup(go.pid, GRACE_MS);
  };
  signal?.addEventListener('abort', abort, { once: true });
  const startedAt = Date.now();
  const lastLines: string[] = [];
  let packages = 0;
  const progress = setInterval(() => say(`Building the ${title}: ${secondsSince(startedAt)} s, ${packages} packages so far.`), sayEveryMs);
  createInterface({ input: go.stderr }).on('line', (line) => {
    // -v names every package it compiles or loads, alone on a line; anything else is worth showing when it fails.
    if (isPackageName(line)) packages += 1;
    else if (lastLines.push(line) > TAIL_LINES) lastLines.shift();
  });
  try {
    const [exitCode, signalName] = (await once(go, 'close')) as [number | null, string | null];
    signal?.throwIfAborted();
    if (exitCode !== 0)
      throw new Error(`go install ${program.goPackage}@v${program.version} ended with ${signalName ?? exitCode}:\n${lastLines.join('\n')}`);
    say(`Built the ${title} in ${secondsSince(startedAt)} s.`);
  } finally {
    await ending;
    clearInterval(progress);
    signal?.removeEventListener('abort', abort);
  }
}

const isPackageName = (line: string): boolean => /^[\w./~-]+$/.test(line) || line.startsWith('go: downloading ');
const secondsSince = (startedAt: number): number => Math.round((Date.now() - startedAt) / 1000);

const GRACE_MS = 2_000;
const TAIL_LINES = 20;
