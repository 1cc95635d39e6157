import { buildWithGo } from './build-with-go.ts';
import { cacheDirOf } from '../../cache-dir.ts';
import { findCached, type GoProgram, TEMPORAL_CLI, TEMPORAL_SERVER, TEMPORAL_UI } from './cached-programs.ts';
import { askCliVersion, type CliVersion, isRecentEnough } from './cli-version.ts';
import { downloadCli } from './download-cli.ts';
import type { Way } from './find-server.ts';
import { whyGoCannotBuild } from './go-install.ts';
import { findOnPath } from './program-env.ts';

export type WaysOptions = { env: NodeJS.ProcessEnv; ui: boolean; say: (line: string) => void; signal?: AbortSignal | undefined };

/**
 * The ways to a server, best first.
 *
 * What is in the cache comes before the download: where there is no way to Temporal's site every start would wait for it to fail,
 * though a server was built long ago.
 */
export function waysToGetAServer(options: WaysOptions): Way[] {
  return [
    { name: 'TEMPORAL_ADDRESS', find: () => Promise.resolve({ whyNot: 'not set; set it to host:port to use a server that runs already' }) },
    { name: 'a temporal CLI on PATH', find: () => cliOnPath(options.env) },
    { name: 'one built or downloaded earlier', find: () => cached(options) },
    { name: "the SDK's download of the CLI", find: () => downloaded(options) },
    { name: 'a build with Go', find: () => built(options) },
  ];
}

type Found = ReturnType<Way['find']>;

export async function cliOnPath(env: NodeJS.ProcessEnv): Found {
  const path = findOnPath('temporal', env);
  if (path === undefined) return { whyNot: 'there is none; https://docs.temporal.io/cli says how to install it' };
  const version = await askCliVersion(path, env);
  if (isRecentEnough(version)) return { kind: 'cli', path, how: `${titleOf(version)} on PATH` };
  return { whyNot: `${path} is ${titleOf(version)}; server 1.32 is needed, which CLI 1.9 is the first to carry` };
}

export async function cached({ env, ui, say, signal }: WaysOptions): Found {
  const cacheDir = cacheDirOf(env);
  const path = findCached(cacheDir, TEMPORAL_SERVER);
  if (path !== undefined) {
    return {
      kind: 'server',
      path,
      uiPath: ui ? await uiProgram({ env, say, signal }) : undefined,
      how: `${nameOf(TEMPORAL_SERVER)}, built with Go earlier`,
    };
  }
  const cliPath = findCached(cacheDir, TEMPORAL_CLI);
  if (cliPath !== undefined) return { kind: 'cli', path: cliPath, how: `Temporal CLI ${TEMPORAL_CLI.version}, downloaded earlier` };
  return { whyNot: `nothing in ${cacheDir}` };
}

async function downloaded({ env, say, signal }: WaysOptions): Found {
  const path = await downloadCli({ cacheDir: cacheDirOf(env), env, say, signal });
  return { kind: 'cli', path, how: `Temporal CLI ${TEMPORAL_CLI.version}, downloaded` };
}

export async function built({ env, ui, say, signal }: WaysOptions): Found {
  const goPath = findOnPath('go', env);
  if (goPath === undefined) return { whyNot: 'there is no go on PATH; https://go.dev/dl has it, 1.26 or newer is needed' };
  const whyNot = await whyGoCannotBuild(goPath, env);
  if (whyNot !== undefined) return { whyNot };
  const path = await buildWithGo(TEMPORAL_SERVER, cacheDirOf(env), { goPath, env, say, signal });
  return {
    kind: 'server',
    path,
    uiPath: ui ? await uiProgram({ env, say, signal }) : undefined,
    how: `${nameOf(TEMPORAL_SERVER)}, built with Go`,
  };
}

/** The UI from the cache, else built. Nothing depends on it, so where it cannot be had we say so and go on. */
async function uiProgram({ env, say, signal }: Omit<WaysOptions, 'ui'>): Promise<string | undefined> {
  const path = findCached(cacheDirOf(env), TEMPORAL_UI);
  if (path !== undefined) return path;
  try {
    const goPath = findOnPath('go', env);
    const whyNot = goPath === undefined ? 'there is no go on PATH to build it' : await whyGoCannotBuild(goPath, env);
    if (goPath === undefined || whyNot !== undefined) throw new Error(whyNot);
    return await buildWithGo(TEMPORAL_UI, cacheDirOf(env), { goPath, env, say, signal });
  } catch (error) {
    signal?.throwIfAborted();
    say(`No Temporal Web UI: ${(error as Error).message}`);
    return undefined;
  }
}

const nameOf = ({ title, version }: GoProgram): string => `${title} ${version}`;
const titleOf = ({ cli, server }: CliVersion): string => `Temporal CLI ${cli}${server === undefined ? '' : ` (server ${server})`}`;
