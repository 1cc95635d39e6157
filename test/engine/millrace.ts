import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { inject } from 'vitest';
import { GraphqlClient } from './client.ts';
import { freePort } from './ports.ts';
import { RoleProcess } from './process.ts';
import { commandOf, processesOf } from './fixtures/there.ts';

export type Role = 'api' | 'orchestrator' | 'worker';
export type StartOptions = { slots?: number; env?: Record<string, string>; temporalAddress?: string; roles?: Role[] };

/** A whole Millrace of real processes, with a namespace, a data directory and a port of its own. */
export class Millrace {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly url: string;
  readonly client: GraphqlClient;
  readonly roles = new Map<string, RoleProcess>();

  private constructor(dataDir: string, env: NodeJS.ProcessEnv, url: string) {
    this.dataDir = dataDir;
    this.env = env;
    this.url = url;
    this.client = new GraphqlClient(url, () => this.lastWords());
  }

  static async start({
    slots = 2,
    env = {},
    temporalAddress = inject('temporalAddress'),
    roles = ['orchestrator', 'worker', 'api'],
  }: StartOptions = {}): Promise<Millrace> {
    const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const port = await freePort();
    const millrace = new Millrace(
      dataDir,
      {
        ...process.env,
        NODE_OPTIONS: '',
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: `test-${randomBytes(4).toString('hex')}`,
        MILLRACE_DATA_DIR: dataDir,
        MILLRACE_PORT: String(port),
        MILLRACE_SLOTS: String(slots),
        ...env,
      },
      `http://127.0.0.1:${port}`,
    );
    await Promise.all(roles.map((role) => millrace.startRole(role)));
    return millrace;
  }

  get namespace(): string {
    return this.env['TEMPORAL_NAMESPACE']!;
  }

  /** Starts a role (again), and resolves when it is ready. `name` tells several of one role apart. */
  async startRole(role: Role, name: string = role, env: Record<string, string> = {}, through: string[] = []): Promise<RoleProcess> {
    const all = { ...this.env, ...env };
    const process = new RoleProcess(role, all, all['MILLRACE_DATA_DIR']!, [], through);
    this.roles.set(name, process);
    await process.ready;
    return process;
  }

  /** One more worker, for a pool of its own: where a test wants other slots or settings than its file has. */
  servePool(pool: string, slots: number, env: Record<string, string> = {}): Promise<RoleProcess> {
    return this.startRole('worker', `worker of ${pool}`, { MILLRACE_POOL: pool, MILLRACE_SLOTS: String(slots), ...env });
  }

  role(name: string): RoleProcess {
    const process = this.roles.get(name);
    if (!process) throw new Error(`no role ${name} was started`);
    return process;
  }

  /** The end of each role's log, for the message of a test that fails. */
  lastWords(): string {
    return Array.from(this.roles, ([name, role]) => `${name}:\n${role.log().slice(-LAST_WORDS)}`).join('\n');
  }

  /** Creates a job and answers with its id. @throws Error where it is refused. */
  async create(input: Record<string, unknown>): Promise<string> {
    const { createJob } = await this.client.data(
      'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code message path } } }',
      { input },
    );
    if (createJob.userErrors.length > 0) throw new Error(JSON.stringify(createJob.userErrors));
    return createJob.job.id;
  }

  /** The job's fields now; null where there is none. */
  async job(id: string, fields = JOB_FIELDS): Promise<any> {
    return (await this.client.data(`query ($id: ID!) { job(id: $id) { ${fields} } }`, { id })).job;
  }

  /** Waits until the job is as wished, told by its subscription. @throws Error with the job as it is after deadlineMs. */
  async until(id: string, wished: string | ((job: any) => boolean), deadlineMs = 30_000): Promise<any> {
    const done = typeof wished === 'string' ? (job: any) => job.status === wished : wished;
    const updates = this.client.subscribe(`subscription ($id: ID!) { jobUpdated(id: $id) { ${JOB_FIELDS} } }`, { id });
    let last: any;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, deadlineMs, 'late')));
    try {
      for (;;) {
        const next = await Promise.race([updates.next(), late]);
        if (next === 'late')
          throw new Error(`the job is not as wished after ${deadlineMs} ms: ${JSON.stringify(last)}\n${this.lastWords()}`);
        if (next.done) throw new Error(`the job is final and not as wished: ${JSON.stringify(last)}`);
        if (next.value.errors) throw new Error(JSON.stringify(next.value.errors));
        last = next.value.data?.['jobUpdated'];
        if (!last || !done(last)) continue;
        return FINAL.includes(last.status) ? { ...last, attempts: await this.#attemptsAsEnded(id, last.attempts) } : last;
      }
    } finally {
      clearTimeout(timer);
      void updates.return?.();
    }
  }

  /** Waits until a job is final. */
  untilFinal(id: string, deadlineMs = 30_000): Promise<any> {
    return this.until(id, (job) => FINAL.includes(job.status), deadlineMs);
  }

  /**
   * The attempts of a job that is final, with what their workers have said of their ends: a worker and the workflow tell the journal
   * without waiting for each other. As they are where no word comes, from a worker that has died, say.
   */
  async #attemptsAsEnded(id: string, attempts: unknown): Promise<unknown> {
    const untold = new DatabaseSync(this.env['MILLRACE_JOURNAL'] ?? join(this.dataDir, 'journal.db'), { readOnly: true });
    try {
      const count = untold.prepare(`select count(*) as n from attempt where job_id = ? and outcome <> 'LOST' and processes_gone = 0`);
      const until = Date.now() + LAST_WORD_MS;
      while (count.get(id)!['n'] !== 0 && Date.now() < until) await pause(20);
    } finally {
      untold.close();
    }
    return (await this.job(id))?.attempts ?? attempts;
  }

  /** Ends every role and fails when one does not end in good order, or leaves a process of its own behind. */
  async stop(): Promise<void> {
    await this.client.close();
    try {
      const running = Array.from(this.roles.values()).filter(({ pid }) => isRunning(pid));
      await Promise.all(running.map((process) => (process.role === 'worker' ? process.stopNow() : process.stop())));
      // The guardian outlives its worker by a moment.
      const until = Date.now() + 15_000;
      while (this.processes().length > 0 && Date.now() < until) await pause(20);
      const left = this.processes();
      if (left.length > 0) throw new Error(`processes are left behind: ${left.map((pid) => `${pid} ${commandOf(pid)}`).join('; ')}`);
    } finally {
      for (const pid of this.processes()) process.kill(pid, 'SIGKILL');
      rmSync(this.dataDir, { recursive: true, force: true });
    }
  }

  /** What a worker on a host of its own is set to: its data directory is its own, the journal is everybody's. */
  hostEnv(host: string): Record<string, string> {
    return { MILLRACE_DATA_DIR: join(this.dataDir, host), MILLRACE_JOURNAL: join(this.dataDir, 'journal.db') };
  }

  /** Every process of this Millrace, known by its data directory (or a host's in it) in the environment: runners and what they started, too. */
  processes(): number[] {
    return processesOf(this.dataDir);
  }
}

const FINAL = ['SUCCEEDED', 'FAILED', 'ABORTED'];
const LAST_WORD_MS = 5_000;
/** Characters of each role's log. */
const LAST_WORDS = 2_000;

const isRunning = (pid: number): boolean => commandOf(pid).length > 0;

const JOB_FIELDS = `id type status priority effectivePriority band forced halts losses failures progress result attemptCount version abortRequestedAt createdAt queuedAt startedAt startsAt finishedAt
  reason { code message } error { name message retryable }
  attempts(first: 50) { nodes { number outcome pid host workerId startedAt finishedAt exitCode signal killMs killedPids error { name message } } }`;
