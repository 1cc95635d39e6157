import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { buildWithGo } from '../../src/temporal/server/build-with-go.ts';
import { cacheDirOf } from '../../src/cache-dir.ts';
import { pathOf, TEMPORAL_CLI, TEMPORAL_SERVER, TEMPORAL_UI } from '../../src/temporal/server/cached-programs.ts';
import { isAtLeast, isRecentEnough, parseCliVersion } from '../../src/temporal/server/cli-version.ts';
import { findServer, type ServerProgram } from '../../src/temporal/server/find-server.ts';
import { whyGoCannotBuild } from '../../src/temporal/server/go-install.ts';
import { built, cached, cliOnPath } from '../../src/temporal/server/ways.ts';
import { fakeProgram, goEnv, goOf, putIntoCache } from './fixtures/temporal-programs.ts';
import { temporaryDir } from './fixtures/temporary-dir.ts';

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
