import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { supervise, type Supervised } from '../../src/cli/supervise.ts';
import { readConfig } from '../../src/config.ts';
import { dataPathsOf } from '../../src/temporal/server/data-paths.ts';
import { isFree } from '../../src/temporal/server/keep-ports.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { GraphqlClient } from '../engine/client.ts';
import { freePort } from '../engine/ports.ts';
import { type Found, processesOf } from './processes.ts';

export type RoleName = 'orchestrator' | 'worker' | 'worker-2' | 'api';
export const ROLES: readonly RoleName[] = ['orchestrator', 'worker', 'worker-2', 'api'];
export const WORKERS: readonly RoleName[] = ['worker', 'worker-2'];
export const SLOTS = 2;

/**
 * A whole Millrace with two workers and a Temporal server of its own, each role kept running by the supervisor that
 * `npm start` has. The journal and the logs are on a small disk of their own where one may be mounted.
 */
export class System {
  readonly dir = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  readonly dataDir = join(this.dir, 'data');
  /** For what must outlive a full disk: the handlers' traces. */
  readonly traceDir = join(this.dir, 'trace');
  /** Why there is no small disk; undefined where there is one. */
  readonly noDisk: string | undefined;
  /** What the supervisor has said. */
  readonly said: string[] = [];
  client!: GraphqlClient;
  readonly #roles = new Map<RoleName, Supervised>();
  #temporal: TemporalServer | undefined;

  private constructor() {
    for (const dir of [this.dataDir, this.traceDir, this.#temporalDir]) mkdirSync(dir, { recursive: true });
    this.noDisk = this.#mount(DISK_BYTES);
  }

  static async start(): Promise<System> {
    const system = new System();
    try {
      await system.#start();
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  get url(): string {
    return this.client.url;
  }

  get temporalPid(): number | undefined {
    return this.#temporal?.pids[0];
  }

  pid(role: RoleName): number | undefined {
    return this.#roles.get(role)?.pid();
  }

  processes(): Found[] {
    return processesOf(this.dataDir);
  }

  /** kill -9 of Temporal, which stays away for that long; resolves when it is back, on the same ports with all it had. */
  async killTemporal(awayMs: number): Promise<void> {
    const server = this.#temporal!;
    process.kill(server.pids[0]!, 'SIGKILL');
    await server.died;
    await server.stop(0);
    await pause(awayMs);
    this.#temporal = await this.#startTemporal();
    // The roles know it by this address.
    if (this.#temporal.address !== server.address) throw new Error(`while Temporal was away another program took ${server.address}`);
  }

  /** Leaves nothing free on the small disk: it is as large as what is on it. */
  fillDisk(): void {
    for (let tries = 1; ; tries++) {
      const [, used] = execFileSync('df', ['--block-size=1', '--output=used', this.dataDir], { encoding: 'utf8' }).trim().split('\n');
      try {
        return this.#resizeDisk(Number(used));
      } catch (error) {
        // It has grown since it was looked at: a disk cannot be smaller than what is on it.
        if (tries === FILL_TRIES) throw error;
      }
    }
  }

  emptyDisk(): void {
    this.#resizeDisk(DISK_BYTES);
  }

  /** The journal as it is in the file, past the api. */
  readJournal<Row>(query: string): Row[] {
    const journal = new DatabaseSync(this.journalFile, { readOnly: true, timeout: 10_000 });
    try {
      return journal.prepare(query).all() as Row[];
    } finally {
      journal.close();
    }
  }

  get journalFile(): string {
    return join(this.dataDir, 'journal.db');
  }

  /** Ends all of it, in good order where it can be. Resolves with what is left of it, which is killed. */
  async stop(): Promise<Found[]> {
    await this.client?.close();
    await Promise.all(Array.from(this.#roles.values(), (role) => role.stop(STOP_MS)));
    const until = Date.now() + LEFT_MS;
    // A guardian outlives its worker by a moment.
    while (this.processes().length > 0 && Date.now() < until) await pause(50);
    const left = this.processes();
    this.#end();
    await this.#temporal?.stop();
    return left;
  }

  /** For the suite's own end, whatever brought it. */
  leaveNothing(): void {
    this.#end();
    if (this.temporalPid !== undefined) killQuietly(this.temporalPid);
    if (this.noDisk === undefined) execFileSync('umount', ['--lazy', this.dataDir], { stdio: 'ignore' });
    rmSync(this.dir, { recursive: true, force: true });
  }

  #end(): void {
    for (const { pid } of this.processes()) killQuietly(pid);
  }

  get #temporalDir(): string {
    return join(this.dir, 'temporal');
  }

  #startTemporal(): Promise<TemporalServer> {
    return startTemporalServer({ dataDir: this.#temporalDir, namespace: 'default', ui: false, say: (line) => this.said.push(line) });
  }

  async #start(): Promise<void> {
    // Not Temporal's usual one, which any other server would take while ours is away.
    writeFileSync(dataPathsOf(this.#temporalDir).portsFile, JSON.stringify({ frontend: await quietPort() }));
    this.#temporal = await this.#startTemporal();
    const port = await freePort();
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      TEMPORAL_ADDRESS: this.#temporal.address,
      TEMPORAL_NAMESPACE: `chaos-${randomBytes(4).toString('hex')}`,
      MILLRACE_DATA_DIR: this.dataDir,
      MILLRACE_JOBS: join(import.meta.dirname, 'jobs'),
      MILLRACE_PORT: String(port),
      MILLRACE_SLOTS: String(SLOTS),
    };
    this.client = new GraphqlClient(`http://127.0.0.1:${port}`);
    const config = readConfig(env);
    for (const name of ROLES) {
      const role = WORKERS.includes(name) ? 'worker' : name;
      this.#roles.set(
        name,
        supervise(role, config, env, (line) => this.said.push(line), name),
      );
    }
    await Promise.all(Array.from(this.#roles.values(), ({ ready }) => ready));
  }

  #resizeDisk(bytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${bytes}`, this.dataDir], { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #mount(bytes: number): string | undefined {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.dataDir], { stdio: ['ignore', 'ignore', 'pipe'] });
      return undefined;
    } catch (error) {
      return `no small disk can be mounted: ${(error as Error).message.trim().split('\n').at(-1)}`;
    }
  }
}

/** Below those that outgoing connections are given, one of which would take it as well. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const DISK_BYTES = 2 ** 30;
const FILL_TRIES = 50;
const STOP_MS = 30_000;
const LEFT_MS = 8_000;
