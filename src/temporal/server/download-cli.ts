import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup } from '../../process/group.ts';
import { directoryOf, pathOf, TEMPORAL_CLI } from './cached-programs.ts';
import { withoutTemporalSettings } from './program-env.ts';

export type DownloadOptions = { cacheDir: string; env: NodeJS.ProcessEnv; say: (line: string) => void; signal?: AbortSignal | undefined };

/**
 * Has the SDK download the Temporal CLI into the cache and resolves with its path.
 *
 * The SDK can only download by starting a server, and for that installs a Temporal Runtime, of which a process has but one:
 * so it runs in a process of its own, which is killed as soon as the file is there.
 *
 * @throws Error when the download has not begun after 6 s, as where there is no way to the site, or stands still for 60 s.
 */
export async function downloadCli({ cacheDir, env, say, signal }: DownloadOptions): Promise<string> {
  const path = pathOf(cacheDir, TEMPORAL_CLI);
  const directory = directoryOf(cacheDir, TEMPORAL_CLI);
  mkdirSync(directory, { recursive: true });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'download-cli-process.ts'), directory, `v${TEMPORAL_CLI.version}`], {
    env: withoutTemporalSettings(env),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  try {
    let bytes = -1;
    let quietSince = Date.now();
    // The SDK writes `<file>.downloading` and renames it when it is whole.
    while (!existsSync(path)) {
      signal?.throwIfAborted();
      const bytesNow = sizeOf(`${path}.downloading`);
      if (bytes < 0 && bytesNow >= 0) say(`Downloading the Temporal CLI ${TEMPORAL_CLI.version}.`);
      if (bytesNow !== bytes) quietSince = Date.now();
      bytes = bytesNow;
      if (hasEnded) throw new Error(lastLine(said));
      const quietMs = Date.now() - quietSince;
      if (bytes < 0 && quietMs > BEGIN_MS) throw new Error(`Temporal's download site has not answered within ${BEGIN_MS / 1000} s`);
      if (quietMs > STALLED_MS) throw new Error(`the download stood still for ${STALLED_MS / 1000} s`);
      await sleep(100);
    }
    return path;
  } finally {
    if (child.pid) await killGroup(child.pid);
    await ended;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1;
const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() || 'the download ended and said nothing';

const BEGIN_MS = 6_000;
const STALLED_MS = 60_000;
