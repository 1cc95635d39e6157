import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive, killGroup } from '../../src/process/group.ts';
import { dataPathsOf } from '../../src/temporal/server/data-paths.ts';
import { DYNAMIC_CONFIG_FILE, dynamicConfigArgs } from '../../src/temporal/server/dynamic-config.ts';
import { endLeftovers } from '../../src/temporal/server/end-leftovers.ts';
import { keepPorts } from '../../src/temporal/server/keep-ports.ts';
import { serverConfig } from '../../src/temporal/server/server-config.ts';
import { startProgram } from '../../src/temporal/server/start-program.ts';
import { startTemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { tryLock } from '../../src/temporal/server/try-lock.ts';
import { fakeProgram, portsIn, sleeper } from './fixtures/temporal-programs.ts';
import { temporaryDir } from './fixtures/temporary-dir.ts';

describe('the dynamic config', () => {
  test('is given to the CLI as JSON, durations in quotes', () => {
    expect(dynamicConfigArgs('a.b: [{value: 15}]\nc: [{ value: 50ms }]\nd: [{value: true}]')).toEqual(
      ['a.b=15', 'c="50ms"', 'd=true'].flatMap((setting) => ['--dynamic-config-value', setting]),
    );
  });

  test('of this repository can be given to the CLI, each setting of it', () => {
    const settings = dynamicConfigArgs(readFileSync(DYNAMIC_CONFIG_FILE, 'utf8')).filter((arg) => arg !== '--dynamic-config-value');
    expect(settings).toContain('matching.priorityLevels=15');
    expect(settings).toContain('history.timerProcessorMaxTimeShift="50ms"');
    expect(settings).toHaveLength(17);
  });

  test('is refused where it holds what a command line cannot say', () => {
    expect(() => dynamicConfigArgs('a: [{value: 1, constraints: {namespace: x}}]')).toThrow(/^dynamic config a:/);
    expect(() => dynamicConfigArgs('a: [{value: 1}, {value: 2}]')).toThrow(/^dynamic config a:/);
  });
});

describe('ports', () => {
  test('are the same for a data directory as long as they are free', async () => {
    const { portsFile, lockDir } = portsIn(temporaryDir());
    const first = await keepPorts(portsFile, lockDir);
    first.release();
    const second = await keepPorts(portsFile, lockDir);
    second.release();
    expect(second.ports).toEqual(first.ports);
    expect(new Set(Object.values(first.ports)).size).toBe(9);
  });

  test('that somebody else listens at are replaced, the others kept', async () => {
    const { portsFile, lockDir } = portsIn(temporaryDir());
    const first = await keepPorts(portsFile, lockDir);
    first.release();
    const other = createServer().listen(first.ports.matching, '127.0.0.1');
    await once(other, 'listening');
    const second = await keepPorts(portsFile, lockDir);
    second.release();
    other.close();
    expect(second.ports).toEqual({ ...first.ports, matching: second.ports.matching });
    expect(second.ports.matching).not.toBe(first.ports.matching);
    expect(JSON.parse(readFileSync(portsFile, 'utf8'))).toEqual(second.ports);
  });

  test('are not shared by two starts at the same time, though nobody listens yet', async () => {
    const { portsFile, lockDir } = portsIn(temporaryDir());
    const one = await keepPorts(portsFile, lockDir);
    const two = await keepPorts(portsFile, lockDir);
    one.release();
    two.release();
    expect(new Set([...Object.values(one.ports), ...Object.values(two.ports)]).size).toBe(18);
  });

  test('are chosen anew when the file is damaged', async () => {
    const { portsFile, lockDir } = portsIn(temporaryDir());
    writeFileSync(portsFile, '{"frontend": "none", "ui": -1,');
    const { ports, release } = await keepPorts(portsFile, lockDir);
    release();
    expect(JSON.parse(readFileSync(portsFile, 'utf8'))).toEqual(ports);
  });
});

describe('a lock', () => {
  test('is not given twice', () => {
    const file = join(temporaryDir(), 'a.lock');
    const lock = tryLock(file);
    expect(tryLock(file)).toBeUndefined();
    lock?.release();
    const again = tryLock(file);
    expect(again).toBeDefined();
    again?.release();
  });

  test('is free again when the process that has it is killed', async () => {
    const file = join(temporaryDir(), 'a.lock');
    const module = join(import.meta.dirname, '../../src/temporal/server/try-lock.ts');
    const holder = spawn(process.execPath, [
      '-e',
      `require(${JSON.stringify(module)}).tryLock(${JSON.stringify(file)}); console.log('locked'); setInterval(() => {}, 1000)`,
    ]);
    await once(holder.stdout, 'data');
    expect(tryLock(file)).toBeUndefined();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = tryLock(file);
    expect(lock).toBeDefined();
    lock?.release();
  });
});

describe('a data directory', () => {
  test('of any name can hold the database', () => {
    const paths = { ...dataPathsOf(temporaryDir()), dbFile: '/a b/50%/#1?/temporal.db' };
    const config = serverConfig(paths, {
      frontend: 1,
      ui: 2,
      frontendMembership: 3,
      matching: 4,
      matchingMembership: 5,
      history: 6,
      historyMembership: 7,
      worker: 8,
      workerMembership: 9,
    });
    expect(config.persistence.datastores.history.sql.databaseName).toBe('/a b/50%25/%231%3F/temporal.db');
  });

  test('is left by the server of an earlier run before the next one starts', async () => {
    const paths = dataPathsOf(temporaryDir());
    const left = await sleeper(paths.serverConfigFile);
    writeFileSync(paths.serverPidFile, `${left.pid}\n`);
    const gone = once(left, 'exit');
    const said: string[] = [];
    await endLeftovers(paths, (line) => said.push(line));
    expect((await gone)[1]).toBe('SIGTERM');
    expect(said).toEqual([expect.stringContaining(`${left.pid}`)]);
    expect(existsSync(paths.serverPidFile)).toBe(false);
  });

  test('is nothing to a process that has got the old pid meanwhile', async () => {
    const paths = dataPathsOf(temporaryDir());
    const stranger = await sleeper(dataPathsOf(temporaryDir()).serverConfigFile);
    writeFileSync(paths.serverPidFile, `${stranger.pid}\n`);
    await endLeftovers(paths, () => expect.unreachable());
    expect(isAlive(stranger.pid)).toBe(true);
    await killGroup(stranger.pid);
  });
});

test('a program that cannot be run is an error that names it', async () => {
  const paths = dataPathsOf(temporaryDir());
  const start = startProgram({ title: 'x', path: '/nowhere/x', args: [], env: {}, logFile: paths.logFile, pidFile: paths.serverPidFile });
  await expect(start).rejects.toThrow('/nowhere/x');
  expect(existsSync(paths.serverPidFile)).toBe(false);
});

test('a server that dies at its start is told with the end of its log', async () => {
  const dataDir = temporaryDir();
  const script = 'case $1 in --version) echo "temporal version 1.9.1";; *) echo "cannot do $1 $2"; exit 3;; esac';
  const env = { ...process.env, PATH: `${dirname(fakeProgram('temporal', script))}:${process.env['PATH']}` };
  await expect(startTemporalServer({ dataDir, namespace: 'x', say: () => {}, env })).rejects.toThrow(
    /exit code 3[^]*cannot do server start-dev/,
  );
  expect(readdirSync(join(dataDir, 'run'))).toEqual([]);
});
