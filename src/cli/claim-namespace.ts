import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { type Config, ConfigError } from '../config.ts';
import type { Journal } from '../journal/journal.ts';
import { readNamespace } from '../journal/namespace.ts';
import { within } from '../process/within.ts';
import { temporalOf } from '../temporal/address.ts';
import type { Services } from '../temporal/prepare.ts';

/**
 * Notes in the journal whose jobs it keeps: in one that does not know yet, and in every one that takes its place.
 *
 * @throws ConfigError where they are another namespace's: what is open in the journal would count as deleted in Temporal.
 */
export async function claimNamespace(
  config: Config,
  journal: Journal,
  { workflowService }: Pick<Services, 'workflowService'>,
): Promise<void> {
  const { namespaceInfo } = await workflowService.describeNamespace({ namespace: config.namespace });
  const own = { name: config.namespace, id: namespaceInfo!.id! };
  const entry = { kind: 'namespace', namespace: own } as const;
  // A journal that is locked keeps nobody from starting, and is told when it can be.
  if (!(await readNamespace(journal.db))) await within(WAIT_MS, journal.writer.write(entry));
  const kept = await readNamespace(journal.db);
  if (kept && kept.id !== own.id)
    throw new ConfigError(
      `the journal ${journal.file} keeps the jobs of the Temporal namespace "${kept.name}" with the id ${kept.id}, and the one at ${temporalOf(config).address} is "${own.name}" with the id ${own.id}: there its open jobs would count as deleted. Set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE to where its jobs are, or give another MILLRACE_JOURNAL. Where Temporal's database was deleted, or the namespace, its jobs are gone: put it back, or delete the journal as well.`,
    );
  journal.stand(entry);
}

/** The same for who does not wait for Temporal. @returns false where it does not answer in time. */
export async function tryToClaimNamespace(config: Config, journal: Journal, connection: ConnectionLike): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + WAIT_MS, () => claimNamespace(config, journal, connection));
    return true;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return false;
  }
}

/** Never resolves; rejects as {@link claimNamespace} does, as soon as Temporal answers. */
export async function untilRefused(config: Config, journal: Journal, connection: ConnectionLike, signal: AbortSignal): Promise<never> {
  while (!signal.aborted && !(await tryToClaimNamespace(config, journal, connection))) await pause(PAUSE_MS, undefined, { ref: false });
  return new Promise<never>(() => {});
}

const WAIT_MS = 2_000;
const PAUSE_MS = 500;
