import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A program we keep per version under the user's cache directory, built or downloaded once for all data directories. */
export type CachedProgram = {
  title: string;
  version: string;
  /** `<directory>-<version>` under the cache. */
  directory: string;
  file: string;
};

export type GoProgram = CachedProgram & { goPackage: string };

export const TEMPORAL_SERVER: GoProgram = {
  title: 'Temporal server',
  version: '1.32.0',
  directory: 'temporal-server',
  file: 'server',
  goPackage: 'go.temporal.io/server/cmd/server',
};

export const TEMPORAL_UI: GoProgram = {
  title: 'Temporal Web UI',
  version: '2.54.1',
  directory: 'temporal-ui',
  file: 'server',
  goPackage: 'github.com/temporalio/ui-server/v2/cmd/server',
};

/** 1.9.1 carries server 1.32.0. The SDK names the file it downloads after the version. */
export const TEMPORAL_CLI: CachedProgram = { title: 'Temporal CLI', version: '1.9.1', directory: 'temporal-cli', file: 'temporal-v1.9.1' };

export const directoryOf = (cacheDir: string, program: CachedProgram): string => join(cacheDir, `${program.directory}-${program.version}`);

export const pathOf = (cacheDir: string, program: CachedProgram): string => join(directoryOf(cacheDir, program), program.file);

/** undefined when it was not built or downloaded yet. Both arrive by a rename, so what is there is whole. */
export function findCached(cacheDir: string, program: CachedProgram): string | undefined {
  const path = pathOf(cacheDir, program);
  return existsSync(path) ? path : undefined;
}
