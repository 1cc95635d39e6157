import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type DataPaths, UI_CONFIG_DIR } from './data-paths.ts';
import { DYNAMIC_CONFIG_FILE, dynamicConfigArgs } from './dynamic-config.ts';
import type { Ports } from './keep-ports.ts';

/** Arguments for `temporal`: the same database, dynamic config and durability as the server has by its file. */
export function cliArgs(paths: DataPaths, ports: Ports, ui: boolean): string[] {
  return [
    'server',
    'start-dev',
    '--log-level=error',
    '--ip=127.0.0.1',
    `--port=${ports.frontend}`,
    ui ? `--ui-port=${ports.ui}` : '--headless',
    '--db-filename', // an argument of its own: endLeftovers looks for it
    paths.dbFile,
    '--sqlite-pragma=journal_mode=wal',
    '--sqlite-pragma=synchronous=1',
    ...dynamicConfigArgs(readFileSync(DYNAMIC_CONFIG_FILE, 'utf8')),
  ];
}

/** Writes the server's config file and returns its arguments. */
export function serverArgs(paths: DataPaths, ports: Ports): string[] {
  writeFileSync(paths.serverConfigFile, stringify(serverConfig(paths, ports)));
  return ['--config-file', paths.serverConfigFile, '--allow-no-auth', 'start'];
}

/** Writes the UI's config file and returns its arguments. */
export function uiArgs(paths: DataPaths, ports: Ports, namespace: string): string[] {
  const config = {
    temporalGrpcAddress: `127.0.0.1:${ports.frontend}`,
    host: '127.0.0.1',
    port: ports.ui,
    enableUi: true,
    defaultNamespace: namespace,
    cors: { cookieInsecure: true, allowOrigins: [`http://127.0.0.1:${ports.ui}`, `http://localhost:${ports.ui}`] },
    hideLogs: true, // a line per request
    disableNewsFetch: true,
  };
  writeFileSync(join(paths.configDir, UI_CONFIG_DIR, `${UI_ENVIRONMENT}.yaml`), stringify(config));
  return ['--root', paths.configDir, '--config', UI_CONFIG_DIR, '--env', UI_ENVIRONMENT, 'start'];
}

/** All four services in one process, one database file, everything on 127.0.0.1. */
export function serverConfig(paths: DataPaths, ports: Ports) {
  const store = { sql: sqlite(paths.dbFile) };
  const frontend = `127.0.0.1:${ports.frontend}`;
  return {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'history',
      visibilityStore: 'visibility',
      numHistoryShards: 1,
      datastores: { history: store, visibility: store },
    },
    // 1s: joining itself takes milliseconds, and each service waits this long for former selves that are dead (see keep-ports.ts).
    global: { membership: { maxJoinDuration: '1s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(ports.frontend, ports.frontendMembership),
      matching: service(ports.matching, ports.matchingMembership),
      history: service(ports.history, ports.historyMembership),
      worker: service(ports.worker, ports.workerMembership),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: CLUSTER,
      currentClusterName: CLUSTER,
      clusterInformation: { [CLUSTER]: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: frontend } },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: DYNAMIC_CONFIG_FILE, pollInterval: '60s' },
  };
}

const sqlite = (dbFile: string) => ({
  pluginName: 'sqlite',
  // The server puts it into a URI, unescaped.
  databaseName: dbFile.replace(/[%?#]/g, encodeURIComponent),
  connectAddr: 'localhost',
  connectProtocol: 'tcp',
  // setup makes the schema; tables that are there already are left alone. WAL with synchronous NORMAL survives a kill -9 of the server.
  connectAttributes: { cache: 'private', setup: 'true', journal_mode: 'wal', synchronous: '1' },
  maxConns: 1,
  maxIdleConns: 1,
  maxConnLifetime: '1h',
});

const service = (grpcPort: number, membershipPort: number) => ({ rpc: { grpcPort, membershipPort, bindOnLocalHost: true } });

// The CLI's name for it: either can go on with the other's database.
const CLUSTER = 'active';
const UI_ENVIRONMENT = 'development';
