import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withoutTemporalSettings } from './program-env.ts';

/** [major, minor]; patches never decide. */
export type Version = readonly [number, number];

/** What `temporal --version` says: `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`. Old CLIs do not name the server. */
export type CliVersion = { cli: string; server: string | undefined };

export function parseCliVersion(output: string): CliVersion | undefined {
  const cli = /\btemporal version v?(\d+\.\d+\S*)/i.exec(output)?.[1];
  return cli === undefined ? undefined : { cli, server: /\bServer v?(\d+\.\d+[^\s,)]*)/i.exec(output)?.[1] };
}

/** By the server where it is named, else by the CLI: 1.9 is the first that carries server 1.32. */
export function isRecentEnough({ cli, server }: CliVersion): boolean {
  return server === undefined ? isAtLeast(cli, [1, 9]) : isAtLeast(server, [1, 32]);
}

/** False for what is no version at all. */
export function isAtLeast(version: string, [major, minor]: Version): boolean {
  const [, foundMajor, foundMinor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor);
}

/** @throws Error when it is no Temporal CLI, cannot be run, or has not answered after 10 s. */
export async function askCliVersion(path: string, env: NodeJS.ProcessEnv): Promise<CliVersion> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { env: withoutTemporalSettings(env), timeout: 10_000 });
  const version = parseCliVersion(stdout);
  if (!version) throw new Error(`${path} --version answered ${JSON.stringify(stdout.slice(0, 100))}, which is no Temporal CLI`);
  return version;
}
