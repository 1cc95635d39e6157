import type { BulkSpec, Refusal } from '../job/bulk.ts';
import type { Jobs } from './jobs.ts';
import type { UserError } from './schema.gen.ts';

/**
 * Does to one job what a bulk operation is about, as the mutation on that job does it. Asked again it is not done again.
 *
 * @returns why it was refused; undefined where it was done, or the job was as wished.
 */
export async function act(
  jobs: Pick<Jobs, Does>,
  { id: operationId, action, priority, graceMs }: BulkSpec,
  id: string,
): Promise<Refusal | undefined> {
  const once = `bulk:${operationId}`;
  switch (action) {
    case 'ABORT':
      return refusalIn(await jobs.abort({ id, ...(graceMs === undefined ? {} : { grace: graceMs }) }, once));
    case 'FORCE_START':
      return refusalIn(await jobs.forceStart({ id }, once));
    case 'SET_PRIORITY':
      return refusalIn(await jobs.setPriority({ id, priority: priority! }, once));
    case 'HOLD':
      return refusalIn(await jobs.hold({ id }, once));
    case 'RELEASE':
      return refusalIn(await jobs.release({ id }, once));
    case 'RETRY':
      return refusalIn(await jobs.retry({ id, from: 'START' }, once));
    case 'DELETE': {
      const refusal = refusalIn(await jobs.delete({ id }));
      return refusal?.code === 'NOT_FOUND' ? undefined : refusal;
    }
  }
}

type Does = 'abort' | 'forceStart' | 'setPriority' | 'hold' | 'release' | 'retry' | 'delete';

function refusalIn({ userErrors: [error] }: { userErrors: readonly UserError[] }): Refusal | undefined {
  return error && { code: error.code, message: error.message, path: error.path ?? null, rule: error.rule ?? null };
}
