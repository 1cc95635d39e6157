import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { temporalFileOf, type TemporalFile } from '../temporal/address.ts';
import { startTemporalServer, type TemporalServer } from '../temporal/server/start-temporal-server.ts';
import { claimDataDir } from './claim-data-dir.ts';
import type { RunningRole } from './role.ts';

/** The dev server of a data directory as a role: for when the others are started one by one. */
export async function startTemporal(config: Config, log: Logger): Promise<RunningRole> {
  const claimed = claimDataDir(config);
  const server = await startServer(config, (line) => log.info(line));
  log.info({ address: server.address, ui: server.uiUrl }, `Temporal runs: ${server.how}`);
  return {
    ended: server.died.then((sentence) => log.error(sentence)),
    async stop() {
      await server.stop();
      forgetServer(config);
      claimed.release();
    },
  };
}

/** Starts it and leaves word in the data directory where the roles find it. */
export async function startServer(config: Config, say: (line: string) => void, signal?: AbortSignal): Promise<TemporalServer> {
  const server = await startTemporalServer({ dataDir: config.dataDir, namespace: config.namespace, say, signal });
  const file = temporalFileOf(config.dataDir);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify({ address: server.address, uiUrl: server.uiUrl ?? null } satisfies TemporalFile));
  renameSync(`${file}.new`, file);
  return server;
}

/** Not before a server is gone for good: a role that starts while there is no word goes to Temporal's usual port, where somebody else's may be. */
export const forgetServer = ({ dataDir }: Config): void => rmSync(temporalFileOf(dataDir), { force: true });
