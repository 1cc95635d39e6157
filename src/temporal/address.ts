import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';

/** Where a data directory's dev server tells the roles beside it that it can be reached. */
export type TemporalFile = { address: string; uiUrl: string | null };
export const temporalFileOf = (dataDir: string): string => join(dataDir, 'run', 'temporal.json');

/** The cluster's address: as set, else the dev server's of the data directory, else the last one known, else Temporal's default port. */
export function temporalOf(config: Config, last: TemporalFile = { address: DEFAULT_ADDRESS, uiUrl: null }): TemporalFile {
  if (config.temporalAddress) return { address: config.temporalAddress, uiUrl: null };
  const file = temporalFileOf(config.dataDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TemporalFile) : last;
}

const DEFAULT_ADDRESS = '127.0.0.1:7233';
