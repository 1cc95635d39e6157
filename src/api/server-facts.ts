import type { ConnectionLike } from '@temporalio/client';
import type { Config } from '../config.ts';
import { Fault } from '../job/errors.ts';
import type { Journal } from '../journal/journal.ts';
import { temporalOf } from '../temporal/address.ts';
import { degradations } from '../temporal/prepare.ts';

/** What this server is connected to, and whether that answers. */
export class ServerFacts {
  readonly #config: Config;
  readonly #connection: ConnectionLike;
  readonly #journal: Journal;

  constructor(config: Config, connection: ConnectionLike, journal: Journal) {
    this.#config = config;
    this.#connection = connection;
    this.#journal = journal;
  }

  get temporal() {
    return temporalOf(this.#config);
  }

  temporalUrl(workflowId: string): string | null {
    const { uiUrl } = this.temporal;
    return uiUrl && `${uiUrl}/namespaces/${this.#config.namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }

  /** @throws Fault BACKEND_UNAVAILABLE where Temporal does not answer. */
  async temporalVersion(): Promise<string> {
    const { serverVersion } = await this.#ask(() => this.#connection.workflowService.getSystemInfo({}));
    return serverVersion;
  }

  degraded(): Promise<{ part: string; message: string }[]> {
    return this.#ask(() => degradations(this.#connection, this.#config.namespace));
  }

  /** What does not answer now; empty when all is well. */
  async problems(): Promise<string[]> {
    const problems: string[] = [];
    const note = (part: string) => (error: Error) => void problems.push(`${part}: ${error.message}`);
    await Promise.all([
      this.degraded().catch(note('temporal')),
      this.#journal.db.selectFrom('meta').select('value').where('key', '=', 'version').execute().catch(note('journal')),
    ]);
    return problems;
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#connection.withDeadline(Date.now() + WAIT_MS, call);
    } catch (error) {
      throw new Fault('BACKEND_UNAVAILABLE', `Temporal at ${this.temporal.address} does not answer`, { cause: error });
    }
  }
}

const WAIT_MS = 2_000;
