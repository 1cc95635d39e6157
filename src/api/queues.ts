import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { formatDuration } from '../job/duration.ts';
import { Fault, UserError } from '../job/errors.ts';
import { type GatePolicy, gateOfQueue, gateStart } from '../job/gate.ts';
import { isName, NAME_RULE } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { readPolicies, readPolicy, readQueueNames, readStats } from '../journal/read-queues.ts';
import type { gateWorkflow } from '../workflows/gate.ts';
import { setPolicy } from '../workflows/messages.ts';
import { fromJournal, toUserError } from './errors.ts';
import type { JobStats, UserError as UserErrorShape } from './schema.gen.ts';
import { toTemporal } from './to-temporal.ts';

export type QueueRow = { name: string; policy: GatePolicy };
export type QueuePayload = { queue: QueueRow | null; userErrors: UserErrorShape[] };

/** The policies of queues: kept by each queue's gate, read by workers from the journal. */
export class Queues {
  readonly #client: Client;
  readonly #journal: Journal;
  #policies: Promise<Map<string, GatePolicy>> | undefined;
  #readAt = 0;

  constructor(client: Client, journal: Journal) {
    this.#client = client;
    this.#journal = journal;
  }

  /** When it resolves workers start nothing of it any more. */
  pause(name: string): Promise<QueuePayload> {
    return this.#set(name, { paused: true });
  }

  resume(name: string): Promise<QueuePayload> {
    return this.#set(name, { paused: false });
  }

  setLimit(name: string, limit: number | null): Promise<QueuePayload> {
    return this.#set(name, { limit });
  }

  /** null where that can be no queue's name. */
  async get(name: string): Promise<QueueRow | null> {
    if (!isName(name)) return null;
    const policy = await fromJournal(() => readPolicy(this.#journal.db, name));
    return { name, policy: policy ?? { limit: null, paused: false } };
  }

  async list(page: { after: string; limit: number }): Promise<QueueRow[]> {
    const [names, policies] = await fromJournal(() =>
      Promise.all([readQueueNames(this.#journal.db, page), readPolicies(this.#journal.db)]),
    );
    return names.map((name) => ({ name, policy: policies.get(name) ?? { limit: null, paused: false } }));
  }

  async stats(name: string, windowMs: number): Promise<JobStats> {
    if (windowMs < 1_000 || windowMs > MAX_WINDOW_MS)
      throw new Fault('BAD_USER_INPUT', `window: ${formatDuration(windowMs)} is out of bounds: 1s to 30d`);
    const { finished, failed, runMs, waitMs } = await fromJournal(() => readStats(this.#journal.db, name, Date.now() - windowMs));
    const percentile = (sorted: number[], share: number): number | null => sorted[Math.ceil(sorted.length * share) - 1] ?? null;
    return {
      key: name,
      finished,
      failed,
      failureRate: finished === 0 ? 0 : failed / finished,
      perMinute: (finished * 60_000) / windowMs,
      runMsP50: percentile(runMs, 0.5),
      runMsP95: percentile(runMs, 0.95),
      runMsP99: percentile(runMs, 0.99),
      waitMsP50: percentile(waitMs, 0.5),
      waitMsP95: percentile(waitMs, 0.95),
    };
  }

  /** Whether a new job should ask at the gate before it gets in line. What is missed here its worker finds. */
  async isGated(name: string): Promise<boolean> {
    if (!this.#policies || Date.now() - this.#readAt > FRESH_MS) {
      this.#readAt = Date.now();
      this.#policies = readPolicies(this.#journal.db).catch(() => new Map());
    }
    return (await this.#policies).has(name);
  }

  async #set(name: string, changes: Partial<GatePolicy>): Promise<QueuePayload> {
    try {
      check(name, changes);
      // A gate that is opened now begins with what is on record: the one before may have been terminated.
      const known = await readPolicy(this.#journal.db, name).catch(() => undefined);
      const begin: GatePolicy = { limit: null, paused: false, ...known, ...changes };
      const policy = await toTemporal(this.#client, () => {
        // Another one for each try: it can be used once.
        const startWorkflowOperation = new WithStartWorkflowOperation<typeof gateWorkflow>('gateWorkflow', {
          ...gateStart(gateOfQueue(name)),
          args: [gateOfQueue(name), begin],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
        return this.#client.workflow.executeUpdateWithStart(setPolicy, { startWorkflowOperation, args: [changes] });
      });
      this.#policies = undefined;
      return { queue: { name, policy }, userErrors: [] };
    } catch (error) {
      return { queue: null, userErrors: [toUserError(error)] };
    }
  }
}

function check(name: string, { limit }: Partial<GatePolicy>): void {
  if (!isName(name))
    throw new UserError('INVALID_ARGUMENT', `the queue "${name.slice(0, 120)}" is not allowed: ${NAME_RULE}`, { path: ['name'] });
  if (typeof limit === 'number' && (limit < 1 || limit > MAX_LIMIT))
    throw new UserError('INVALID_ARGUMENT', `limit ${limit} is out of bounds: 1 to ${MAX_LIMIT}; pauseQueue lets nobody in`, {
      path: ['limit'],
    });
}

const MAX_LIMIT = 100_000;
const MAX_WINDOW_MS = 30 * 86_400_000;
const FRESH_MS = 1_000;
