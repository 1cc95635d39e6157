import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test, type TestContext } from 'vitest';
import { JOURNAL_VERSION, migrate } from '../../src/journal/migrate.ts';
import { type Namespace, recordNamespace } from '../../src/journal/namespace.ts';
import { openSqlite } from '../../src/journal/sqlite.ts';
import { degradations, MINIMUM_SERVER, prepareCluster, TemporalTooOld, type Services } from '../../src/temporal/prepare.ts';
import { eventually } from './fixtures/eventually.ts';
import { freePort } from './ports.ts';
import { RoleProcess } from './process.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const ROLES = ['api', 'orchestrator', 'worker'] as const;
const OTHER_NAMESPACE =
  /other\.db keeps the jobs of the Temporal namespace "default" with the id of-a-database-that-was-deleted, .* is "default" with the id [0-9a-f-]{36}: .*TEMPORAL_NAMESPACE.* or delete the journal as well/;

/** Of the test's own context: the global one does not tell concurrent tests apart. */
type Finished = Pick<TestContext, 'onTestFinished'>;

function temporaryDir({ onTestFinished }: Finished): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-start-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A journal that keeps the jobs of that namespace. */
async function journalOf(namespace: Namespace, dir: string): Promise<string> {
  const file = join(dir, 'other.db');
  const journal = openSqlite(file, 'write');
  await migrate(journal);
  await recordNamespace(journal.db, namespace);
  journal.close();
  return file;
}

type Refused = { message: string; code: number | null; afterMs: number; log: string };

/** Starts a role that must not start, and gives what it said of that. */
async function refused(context: Finished, role: string, env: Record<string, string>, dir = temporaryDir(context)): Promise<Refused> {
  const began = performance.now();
  const process_ = new RoleProcess(
    role,
    {
      ...process.env,
      NODE_OPTIONS: '',
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: 'start-errors',
      MILLRACE_DATA_DIR: join(dir, 'data'),
      MILLRACE_PORT: String(await freePort()),
      MILLRACE_SLOTS: '1',
      ...env,
    },
    join(dir, 'logs'),
  );
  context.onTestFinished(() => process_.end());
  const message = await process_.ready.then(
    () => Promise.reject(new Error(`${role} is ready and should not be`)),
    (error: Error) => error.message,
  );
  const { code } = await process_.exited;
  return { message, code, afterMs: performance.now() - began, log: process_.log() };
}

/** A sentence for people: no stack, none of our files. */
function expectSentence({ message, log }: Refused): void {
  expect(message + log).not.toMatch(/\n\s+at |node_modules|src\/\w+\/[\w-]+\.ts/);
}

describe.concurrent('a start that cannot be', () => {
  // First: the others run beside these two, which take a minute.
  test.for(['orchestrator', 'worker'])(
    'without Temporal waits, says so, and gives up after a minute: %s',
    { timeout: 120_000 },
    async (role, context) => {
      const address = `127.0.0.1:${await freePort()}`;
      const answer = await refused(context, role, { TEMPORAL_ADDRESS: address });
      expect(answer.message).toMatch(
        new RegExp(
          `^Temporal at ${address} did not answer within 60 s: .+\\. Start one \\(millrace temporal\\), or set TEMPORAL_ADDRESS\\.$`,
        ),
      );
      expect(answer.afterMs).toBeGreaterThan(60_000);
      expect(answer.afterMs).toBeLessThan(100_000);
      expect(answer.log.split(`waiting for Temporal at ${address}: `).length).toBeGreaterThan(5);
      expect(answer.code).toBe(78);
      expectSentence(answer);
    },
  );

  test('on a port that somebody has is refused with the port and what to set', async (context) => {
    const somebody = createServer().listen(0, '127.0.0.1');
    context.onTestFinished(() => void somebody.close());
    await once(somebody, 'listening');
    const { port } = somebody.address() as AddressInfo;
    const answer = await refused(context, 'api', { MILLRACE_PORT: String(port) });
    expect(answer.message).toBe(`port ${port} on 127.0.0.1 cannot be used (another program listens there): give another by MILLRACE_PORT`);
    expect(answer.code).toBe(78);
    expectSentence(answer);
  });

  test.for(ROLES)('in a data directory that cannot be written is refused with its name and what to set: %s', async (role, context) => {
    const dir = temporaryDir(context);
    writeFileSync(join(dir, 'file'), '');
    const answer = await refused(context, role, { MILLRACE_DATA_DIR: join(dir, 'file', 'data') }, dir);
    expect(answer.message).toBe(
      `the data directory ${join(dir, 'file', 'data')} cannot be written (ENOTDIR): give another by MILLRACE_DATA_DIR`,
    );
    expect(answer.code).toBe(78);
    expectSentence(answer);
  });

  test.for(ROLES)(
    'on a journal that a newer program has written is refused with both versions, and leaves it as it is: %s',
    async (role, context) => {
      const dir = temporaryDir(context);
      const file = join(dir, 'newer.db');
      const journal = openSqlite(file, 'write');
      await migrate(journal);
      journal.sqlite.exec(`update meta set value = '99' where key = 'version'`);
      const answer = await refused(context, role, { MILLRACE_JOURNAL: `sqlite:${file}` }, dir);
      expect(answer.message).toContain(
        `the journal ${file} cannot be used: the journal has version 99, this program knows up to ${JOURNAL_VERSION}`,
      );
      expect(answer.code).toBe(78);
      expectSentence(answer);
      expect(journal.sqlite.prepare(`select value from meta where key = 'version'`).get()).toEqual({ value: '99' });
      journal.close();
    },
  );

  // The api does not wait for Temporal: see the next.
  test.for(ROLES.filter((role) => role !== 'api'))(
    'on a journal that keeps the jobs of another namespace is refused with both and what to do: %s',
    async (role, context) => {
      const dir = temporaryDir(context);
      const file = await journalOf({ name: 'default', id: 'of-a-database-that-was-deleted' }, dir);
      const answer = await refused(context, role, { MILLRACE_JOURNAL: file, TEMPORAL_NAMESPACE: 'default' }, dir);
      expect(answer.message).toMatch(OTHER_NAMESPACE);
      expect(answer.code).toBe(78);
      expectSentence(answer);
    },
  );

  test('where Temporal comes later and has not the journal’s jobs, the api ends as soon as it knows', async (context) => {
    const dir = temporaryDir(context);
    const port = await freePort();
    const api = new RoleProcess(
      'api',
      {
        ...process.env,
        NODE_OPTIONS: '',
        TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
        TEMPORAL_NAMESPACE: 'default',
        MILLRACE_DATA_DIR: join(dir, 'data'),
        MILLRACE_PORT: String(await freePort()),
        MILLRACE_JOURNAL: await journalOf({ name: 'default', id: 'of-a-database-that-was-deleted' }, dir),
      },
      join(dir, 'logs'),
    );
    context.onTestFinished(() => api.end());
    await api.ready;
    const [host, temporalPort] = inject('temporalAddress').split(':');
    const way = createServer((socket) => {
      const further = connect(Number(temporalPort), host);
      socket.pipe(further).pipe(socket);
      for (const end of [socket, further]) end.on('error', () => void (socket.destroy(), further.destroy()));
    }).listen(port, '127.0.0.1');
    context.onTestFinished(() => void way.close());
    expect(await api.exited).toEqual({ code: 78, signal: null });
    const said = api
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg as string);
    expect(said).toContainEqual(expect.stringMatching(OTHER_NAMESPACE));
  });

  test('on a journal that is none, or a directory, is refused and not waited for', async (context) => {
    const dir = temporaryDir(context);
    writeFileSync(join(dir, 'text.db'), 'not a database '.repeat(500));
    mkdirSync(join(dir, 'dir.db'));
    const answers = await Promise.all([
      refused(context, 'api', { MILLRACE_JOURNAL: join(dir, 'text.db') }, dir),
      refused(context, 'api', { MILLRACE_JOURNAL: join(dir, 'dir.db') }),
    ]);
    expect(answers[0]!.message).toMatch(/text\.db cannot be used: file is not a database/);
    expect(answers[1]!.message).toMatch(/dir\.db cannot be used: unable to open/);
    for (const answer of answers) expectSentence(answer);
  });

  test.for([
    ['MILLRACE_HOST', '0.0.0.0', 'there are no keys yet'],
    ['MILLRACE_PORT', 'http', '1 to 65535'],
    ['MILLRACE_SLOTS', '0', '1 to 1000'],
    ['MILLRACE_POOL', 'a pool', 'letters, digits'],
    ['MILLRACE_RUNNER_HEAP', '1MiB', 'at least 32MiB'],
    ['MILLRACE_JOURNAL', 'postgres://localhost/x', 'SQLite'],
    ['TEMPORAL_ADDRESS', 'localhost', 'host:port'],
  ] as const)('with %s=%s is refused with the name, the value and what is allowed', async ([name, value, allowed], context) => {
    const answer = await refused(context, 'api', { [name]: value });
    expect(answer.log).toContain(`${name}="${value}": `);
    expect(answer.log).toContain(allowed);
    expect(answer.log.trim().split('\n')).toHaveLength(1);
    expect(answer.code).toBe(78);
  });
});

test('a role that is started by hand, by nobody who listens to it, runs until it is told to end', async (context) => {
  const dir = temporaryDir(context);
  const port = await freePort();
  const api = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'api'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      MILLRACE_DATA_DIR: join(dir, 'data'),
      MILLRACE_PORT: String(port),
    },
  });
  context.onTestFinished(() => void api.kill('SIGKILL'));
  const exited = once(api, 'exit') as Promise<[number | null]>;
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ ok }) => ok,
      () => api.exitCode !== null,
    );
  await eventually('the api answers', answers, 30_000);
  expect(api.exitCode).toBeNull();
  api.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
});

describe('a Temporal server', () => {
  const calls: string[] = [];
  /** A cluster of a version that has registered nothing yet; it notes what it is asked for. */
  const cluster = (serverVersion: string, capabilities: Record<string, boolean> = {}): Services =>
    ({
      workflowService: {
        getSystemInfo: async () => ({ serverVersion }),
        registerNamespace: async () => void calls.push('registerNamespace'),
        describeNamespace: async () => ({ namespaceInfo: { capabilities } }),
        countWorkflowExecutions: async () => ({}),
      },
      operatorService: {
        listSearchAttributes: async () => ({ customAttributes: {} }),
        addSearchAttributes: async ({ searchAttributes }: { searchAttributes: object }) =>
          void calls.push(...Object.keys(searchAttributes)),
      },
    }) as unknown as Services;

  test.each(['1.29.1', '1.31.99', '0.9', '1.4.0-rc.1'])(
    '%s is too old: said with what was found, what is needed and what is missing, before anything is registered',
    async (version) => {
      calls.splice(0);
      const refusal = prepareCluster(cluster(version), 'x');
      await expect(refusal).rejects.toThrow(TemporalTooOld);
      await expect(refusal).rejects.toThrow(
        new RegExp(`${version.replaceAll('.', '\\.')} is too old, Millrace needs ${MINIMUM_SERVER} or newer: .*priority.*stopped at once`),
      );
      expect(calls).toEqual([]);
    },
  );

  test.each(['1.32.0', '1.32.1', 'v1.40', '2.0.0'])(
    '%s is recent enough, and is given the namespace and the search attributes',
    async (version) => {
      calls.splice(0);
      await prepareCluster(cluster(version), 'x');
      expect(calls).toEqual(['registerNamespace', 'JobType', 'JobQueue', 'JobPool', 'JobStatus', 'JobPriority', 'JobTags']);
    },
  );

  test('that lacks something is named with what that costs', async () => {
    expect(await degradations(cluster('1.32.0', { workerHeartbeats: true, workerCommands: true }), 'x')).toEqual([]);
    expect((await degradations(cluster('1.32.0', { workerHeartbeats: true }), 'x')).map(({ part }) => part)).toEqual(['push cancel']);
    expect(await degradations(cluster('1.32.0'), 'x')).toHaveLength(2);
  });
});
