import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GraphqlClient } from '../test/engine/client.ts';
import { freePort } from '../test/engine/ports.ts';
import { Feed } from './feed.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { descendants, Process, scriptOf } from './process.ts';

export type Role = 'orchestrator' | 'worker' | 'api';
export type SystemOptions = {
  temporalAddress: string;
  slots: number;
  jobsDir?: string;
  env?: Record<string, string>;
  cpus?: Partial<Record<Role, string>>;
};

/** Our side: a whole Millrace of real processes in a namespace and a data directory of its own, and a client of it. */
export class System {
  readonly dataDir = makeDir('data');
  readonly namespace = `bench-${randomBytes(4).toString('hex')}`;
  readonly roles = new Map<Role, Process>();
  readonly client: GraphqlClient;
  readonly env: NodeJS.ProcessEnv;
  feed!: Feed;

  private constructor(port: number, { temporalAddress, slots, jobsDir = BENCH_JOBS, env = {} }: SystemOptions) {
    this.client = new GraphqlClient(`http://127.0.0.1:${port}`);
    this.env = {
      ...process.env,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: this.namespace,
      MILLRACE_DATA_DIR: this.dataDir,
      MILLRACE_PORT: String(port),
      MILLRACE_SLOTS: String(slots),
      MILLRACE_JOBS: jobsDir,
      ...env,
    };
  }

  static async start(options: SystemOptions): Promise<System> {
    const system = new System(await freePort(), options);
    try {
      await Promise.all((['orchestrator', 'worker', 'api'] as const).map((role) => system.startRole(role, options.cpus?.[role])));
      system.feed = await Feed.open(system.client);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  async startRole(role: Role, cpus?: string): Promise<void> {
    const process = new Process({ args: [MAIN, role], env: this.env, logFile: join(this.dataDir, 'logs', `${role}.log`), cpus });
    this.roles.set(role, process);
    await process.ready;
  }

  /** Creates a job by one HTTP request and answers with its id. */
  async create(type: string, payload: object = {}, more: object = {}): Promise<string> {
    const { createJob } = await this.client.data(CREATE, { input: { type, payload, ...more } });
    if (createJob.userErrors.length > 0) throw new Error(JSON.stringify(createJob.userErrors));
    return createJob.job.id;
  }

  async createMany(count: number, type: string, payload: object = {}): Promise<string[]> {
    const ids: string[] = [];
    for (let left = count; left > 0; left -= MOST_AT_ONCE) {
      const jobs = Array.from({ length: Math.min(left, MOST_AT_ONCE) }, () => ({ type, payload }));
      const { createJobs } = await this.client.data(CREATE_MANY, { jobs });
      ids.push(...createJobs.results.map(({ job }: { job: { id: string } }) => job.id));
    }
    return ids;
  }

  async result(id: string): Promise<Record<string, number>> {
    return (await this.client.data('query ($id: ID!) { job(id: $id) { result } }', { id }))['job'].result;
  }

  /** The processes by what they are; runners are the worker's. */
  get pids(): Record<'api' | 'orchestrator' | 'worker' | 'runners', number[]> {
    const of = (role: Role): number[] => (this.roles.has(role) ? [this.roles.get(role)!.pid] : []);
    return { api: of('api'), orchestrator: of('orchestrator'), worker: of('worker'), runners: of('worker').flatMap(descendants) };
  }

  async stop(): Promise<void> {
    this.feed?.close();
    await this.client.close();
    await Promise.all(Array.from(this.roles.values(), (role) => role.stop()));
    removeDir(this.dataDir);
  }
}

export const BENCH_JOBS = scriptOf('jobs');
export const MAIN = scriptOf('../src/cli/main.ts');
const CREATE = 'mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } userErrors { code message } } }';
const CREATE_MANY =
  'mutation ($jobs: [CreateJobInput!]!) { createJobs(input: { jobs: $jobs }) { results { job { id } userErrors { code message } } } }';
const MOST_AT_ONCE = 250;
