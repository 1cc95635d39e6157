import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive, killGroup } from '../../src/process/group.ts';
import { buildWithGo } from '../../src/temporal/server/build-with-go.ts';
import { cacheDirOf } from '../../src/cache-dir.ts';
import { pathOf, TEMPORAL_CLI, TEMPORAL_SERVER, TEMPORAL_UI } from '../../src/temporal/server/cached-programs.ts';
import { isAtLeast, isRecentEnough, parseCliVersion } from '../../src/temporal/server/cli-version.ts';
import { dataPathsOf } from '../../src/temporal/server/data-paths.ts';
import { DYNAMIC_CONFIG_FILE, dynamicConfigArgs } from '../../src/temporal/server/dynamic-config.ts';
import { endLeftovers } from '../../src/temporal/server/end-leftovers.ts';
import { findServer, type ServerProgram } from '../../src/temporal/server/find-server.ts';
import { whyGoCannotBuild } from '../../src/temporal/server/go-install.ts';
import { keepPorts } from '../../src/temporal/server/keep-ports.ts';
import { serverConfig } from '../../src/temporal/server/server-config.ts';
import { startProgram } from '../../src/temporal/server/start-program.ts';
import { startTemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { tryLock } from '../../src/temporal/server/try-lock.ts';
import { built, cached, cliOnPath } from '../../src/temporal/server/ways.ts';

describe('the version of a Temporal CLI', () => {
  test('is read with the version of the server in it', () => {
    expect(parseCliVersion('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)\n')).toEqual({ cli: '1.9.1', server: '1.32.0' });
    expect(parseCliVersion('temporal version v1.9.1-rc.1')).toEqual({ cli: '1.9.1-rc.1', server: undefined });
    expect(parseCliVersion('tctl 1.18')).toBeUndefined();
  });

  test('is judged by its server, and by itself only where no server is named', () => {
    expect(isRecentEnough({ cli: '1.5.1', server: '1.29.1' })).toBe(false);
    expect(isRecentEnough({ cli: '1.8.2', server: '1.32.0' })).toBe(true);
    expect(isRecentEnough({ cli: '2.0.0', server: '1.31.9' })).toBe(false);
    expect(isRecentEnough({ cli: '1.9.0', server: undefined })).toBe(true);
    expect(isRecentEnough({ cli: '1.8.9', server: undefined })).toBe(false);
  });

  test('is compared as numbers', () => {
    expect(isAtLeast('1.100.0', [1, 32])).toBe(true);
    expect(isAtLeast('2.0', [1, 32])).toBe(true);
    expect(isAtLeast('0.99', [1, 32])).toBe(false);
    expect(isAtLeast('latest', [1, 32])).toBe(false);
  });
});

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
    expect(settings).toHaveLength(16);
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

describe('the ways to a server', () => {
  test('end with the first that has one', async () => {
    const program: ServerProgram = { kind: 'cli', path: '/x', how: 'x' };
    const never = () => Promise.reject(new Error('must not be asked'));
    expect(
      await findServer([
        { name: 'a', find: () => Promise.resolve({ whyNot: 'no' }) },
        { name: 'b', find: () => Promise.reject(new Error('broken')) },
        { name: 'c', find: () => Promise.resolve(program) },
        { name: 'd', find: never },
      ]),
    ).toBe(program);
  });

  test('are all named with the reason when none works', async () => {
    const ways = [
      { name: 'first', find: () => Promise.resolve({ whyNot: 'too old' }) },
      { name: 'second', find: () => Promise.reject(new Error('no network')) },
    ];
    await expect(findServer(ways)).rejects.toThrow(/1\. first: too old\n2\. second: no network/);
  });

  test('are not tried further once the start is aborted', async () => {
    const abort = new AbortController();
    const asked: string[] = [];
    const way = (name: string) => ({
      name,
      find: () => (asked.push(name), abort.abort(new Error('enough')), Promise.resolve({ whyNot: 'no' })),
    });
    await expect(findServer([way('a'), way('b')], abort.signal)).rejects.toThrow('enough');
    expect(asked).toEqual(['a']);
  });

  test('a CLI on PATH that is new enough is used', async () => {
    const env = { PATH: `/nowhere:${dirname(fakeProgram('temporal', 'echo "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"'))}` };
    expect(await cliOnPath(env)).toMatchObject({ kind: 'cli', how: 'Temporal CLI 1.9.1 (server 1.32.0) on PATH' });
  });

  test('a CLI on PATH that is too old is passed over, and why is said', async () => {
    const env = { PATH: dirname(fakeProgram('temporal', 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"')) };
    expect(await cliOnPath(env)).toMatchObject({ whyNot: expect.stringContaining('1.29.1') });
  });

  test('something else that is called temporal is passed over', async () => {
    await expect(cliOnPath({ PATH: dirname(fakeProgram('temporal', 'echo hello')) })).rejects.toThrow(/no Temporal CLI/);
    expect(await cliOnPath({ PATH: '/nowhere' })).toMatchObject({ whyNot: expect.any(String) });
  });

  test('what was built is taken from the cache before what was downloaded', async () => {
    const env = { XDG_CACHE_HOME: temporaryDir(), PATH: '/nowhere' };
    const said: string[] = [];
    const find = () => cached({ env, ui: true, say: (line) => said.push(line) });
    expect(await find()).toMatchObject({ whyNot: expect.any(String) });
    const cliPath = putIntoCache(env, TEMPORAL_CLI);
    expect(await find()).toMatchObject({ kind: 'cli', path: cliPath });
    const path = putIntoCache(env, TEMPORAL_SERVER);
    expect(await find()).toMatchObject({ kind: 'server', path, uiPath: undefined });
    expect(said).toHaveLength(1); // that there is no UI
    const uiPath = putIntoCache(env, TEMPORAL_UI);
    expect(await find()).toMatchObject({ kind: 'server', path, uiPath });
  });

  test('the cache is where the system keeps caches', () => {
    expect(cacheDirOf({ HOME: '/h' }, 'linux')).toBe('/h/.cache/millrace');
    expect(cacheDirOf({ HOME: '/h' }, 'darwin')).toBe('/h/Library/Caches/millrace');
    expect(cacheDirOf({ HOME: '/h', XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/millrace');
  });
});

describe('a build with Go', () => {
  test('puts each program where the next start finds it', async () => {
    const env = goEnv('echo some/package >&2; echo built >$GOBIN/server');
    const found = await built({ env, ui: true, say: () => {} });
    expect(found).toMatchObject({
      kind: 'server',
      path: pathOf(cacheDirOf(env), TEMPORAL_SERVER),
      uiPath: pathOf(cacheDirOf(env), TEMPORAL_UI),
    });
    expect(await cached({ env: { ...env, PATH: '/nowhere' }, ui: true, say: () => {} })).toMatchObject({ kind: 'server' });
  });

  test('is run once when two need it at the same time', async () => {
    const env = goEnv('echo x >>$RUNS; sleep 0.3; echo built >$GOBIN/server');
    const options = { goPath: goOf(env), env, say: () => {} };
    const paths = await Promise.all([
      buildWithGo(TEMPORAL_SERVER, cacheDirOf(env), options),
      buildWithGo(TEMPORAL_SERVER, cacheDirOf(env), options),
    ]);
    expect(paths[0]).toBe(paths[1]);
    expect(readFileSync(env.RUNS, 'utf8')).toBe('x\n');
  });

  test('that fails says what Go said and leaves nothing behind', async () => {
    const env = goEnv('echo some/package >&2; echo "main.go:1: boom" >&2; touch $GOBIN/half; exit 2');
    const failed = expect(built({ env, ui: false, say: () => {} })).rejects;
    await failed.toThrow(/ended with 2:\nmain\.go:1: boom$/);
    expect(readdirSync(cacheDirOf(env))).toEqual(['build.lock']);
  });

  test('that was killed is done again', async () => {
    const env = goEnv('echo built >$GOBIN/server');
    mkdirSync(join(cacheDirOf(env), 'temporal-server-1.32.0.building-4711'), { recursive: true });
    await built({ env, ui: false, say: () => {} });
    expect(readdirSync(cacheDirOf(env)).toSorted()).toEqual(['build.lock', 'temporal-server-1.32.0']);
  });

  test('ends with its compilers when it is aborted', async () => {
    const env = goEnv('sleep 1000 & echo $! >$RUNS.new; mv $RUNS.new $RUNS; wait');
    const abort = new AbortController();
    const abortOnceItRuns = () => void (existsSync(env.RUNS) && abort.abort(new Error('enough')));
    const building = buildWithGo(TEMPORAL_SERVER, cacheDirOf(env), {
      goPath: goOf(env),
      env,
      say: abortOnceItRuns,
      signal: abort.signal,
      sayEveryMs: 20,
    });
    await expect(building).rejects.toThrow('enough');
    expect(isAlive(Number(readFileSync(env.RUNS, 'utf8')))).toBe(false);
  });

  test('needs Go 1.26', async () => {
    const go = (version: string) => whyGoCannotBuild(fakeProgram('go', `echo "go version ${version} linux/amd64"`), process.env);
    expect(await go('go1.25.7')).toContain('1.25.7');
    expect(await go('go1.26.0')).toBeUndefined();
    expect(await go('devel go1.27-abcdef')).toBeUndefined();
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

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const portsIn = (dir: string) => ({ portsFile: join(dir, 'ports.json'), lockDir: join(dir, 'locks') });

/** An executable shell script in a directory of its own; returns its path. */
function fakeProgram(name: string, script: string): string {
  const path = join(temporaryDir(), name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A cache of its own, and a Go 1.26 that runs the script instead of `go install`. */
function goEnv(install: string) {
  const dir = temporaryDir();
  const go = fakeProgram('go', `if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; exit; fi\n${install}`);
  return { XDG_CACHE_HOME: dir, PATH: `${dirname(go)}:/usr/bin:/bin`, RUNS: join(dir, 'runs') };
}

const goOf = (env: { PATH: string }): string => join(env.PATH.split(':')[0] ?? '', 'go');

function putIntoCache(env: NodeJS.ProcessEnv, program: typeof TEMPORAL_CLI): string {
  const path = pathOf(cacheDirOf(env), program);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
}

/** A process in a group of its own that has the argument on its command line. */
async function sleeper(argument: string) {
  const child = spawn('/bin/sh', ['-c', 'echo up; sleep 1000 & wait', 'sh', '--config-file', argument, 'start'], { detached: true });
  await once(child.stdout, 'data');
  return Object.assign(child, { pid: child.pid as number });
}
