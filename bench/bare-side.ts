import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { makeDir, removeDir } from './leftovers.ts';
import { Process, scriptOf } from './process.ts';

export type BareOptions = {
  temporalAddress: string;
  namespace: string;
  slots: number;
  /** Attempts go through a pre-forked child. */ runner?: boolean;
  cpus?: string;
};

/** The other side of a comparison: bench/bare.ts as processes, and a client that starts workflows and waits for them. */
export class BareSide {
  readonly #dir = makeDir('bare');
  readonly #connection: Connection;
  readonly client: Client;
  #started = 0;
  orchestrator!: Process;
  worker!: Process;

  private constructor({ temporalAddress: address, namespace }: BareOptions) {
    this.#connection = Connection.lazy({ address });
    this.client = new Client({ connection: this.#connection, namespace });
  }

  /** In a namespace that is there already: ours, so that both have the same. */
  static async start(options: BareOptions): Promise<BareSide> {
    const side = new BareSide(options);
    try {
      const bundle = join(side.#dir, 'bundle.js');
      const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', BARE, 'bundle', bundle]);
      if (status !== 0) throw new Error(`the bare workflow cannot be bundled: ${stderr.toString()}`);
      const env = {
        ...process.env,
        TEMPORAL_ADDRESS: options.temporalAddress,
        TEMPORAL_NAMESPACE: options.namespace,
        BARE_BUNDLE: bundle,
        MILLRACE_SLOTS: String(options.slots),
      };
      side.orchestrator = new Process({ args: [BARE, 'orchestrator'], env, logFile: join(side.#dir, 'orchestrator.log') });
      side.worker = new Process({
        args: [BARE, 'worker', ...(options.runner ? ['--runner'] : [])],
        env,
        logFile: join(side.#dir, 'worker.log'),
        cpus: options.cpus,
      });
      await Promise.all([side.orchestrator.ready, side.worker.ready]);
    } catch (error) {
      await side.stop();
      throw error;
    }
    return side;
  }

  /** Resolves when the workflow is there, with a way to wait for its result. */
  async create(ms = 0): Promise<{ workflowId: string; result: () => Promise<Record<string, number>> }> {
    const workflowId = `bare-${process.pid}-${this.#started++}`;
    const handle = await this.client.workflow.start('bareWorkflow', { workflowId, taskQueue: 'bare-workflows', args: [{ ms }] });
    return { workflowId, result: () => handle.result() as Promise<Record<string, number>> };
  }

  async stop(): Promise<void> {
    await Promise.all([this.orchestrator, this.worker].filter(Boolean).map((process) => process.stop()));
    await this.#connection.close();
    removeDir(this.#dir);
  }
}

const BARE = scriptOf('bare.ts');
