import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** Where one data directory keeps what belongs to its Temporal server. All absolute. */
export type DataPaths = {
  dbFile: string;
  /** Ours to write on every start: the server's and the UI's settings, and the ports. */
  configDir: string;
  serverConfigFile: string;
  portsFile: string;
  logFile: string;
  serverPidFile: string;
  uiPidFile: string;
};

/** Makes the directories. Symbolic links are resolved, so that one directory has one name in every command line. */
export function dataPathsOf(dataDir: string): DataPaths {
  mkdirSync(dataDir, { recursive: true });
  const root = realpathSync(dataDir);
  const configDir = join(root, 'temporal');
  const runDir = join(root, 'run');
  const logDir = join(root, 'logs');
  for (const dir of [join(configDir, UI_CONFIG_DIR), runDir, logDir]) mkdirSync(dir, { recursive: true });
  return {
    dbFile: join(root, 'temporal.db'),
    configDir,
    serverConfigFile: join(configDir, 'server.yaml'),
    portsFile: join(configDir, 'ports.json'),
    logFile: join(logDir, 'temporal.log'),
    serverPidFile: join(runDir, 'temporal.pid'),
    uiPidFile: join(runDir, 'temporal-ui.pid'),
  };
}

/** Below `configDir`: the UI is told a directory and looks for `<environment>.yaml` in it. */
export const UI_CONFIG_DIR = 'ui';
