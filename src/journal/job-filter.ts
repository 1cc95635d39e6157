import { sql, type ExpressionBuilder } from 'kysely';
import type { JobStatus, ReasonCode } from '../job/status.ts';
import type { Tables } from './tables.ts';

/** Which jobs are meant: all that is set must hold. */
export type JobFilter = {
  ids?: readonly string[] | null | undefined;
  idPrefix?: string | null | undefined;
  status?: readonly JobStatus[] | null | undefined;
  reason?: readonly ReasonCode[] | null | undefined;
  type?: readonly string[] | null | undefined;
  queue?: readonly string[] | null | undefined;
  pool?: readonly string[] | null | undefined;
  tagsAll?: readonly string[] | null | undefined;
  tagsAny?: readonly string[] | null | undefined;
  text?: string | null | undefined;
  priorityMin?: number | null | undefined;
  priorityMax?: number | null | undefined;
  forced?: boolean | null | undefined;
  haltsMin?: number | null | undefined;
  createdAfter?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
  finishedAfter?: Date | null | undefined;
  finishedBefore?: Date | null | undefined;
  workerId?: string | null | undefined;
};

type Where = ExpressionBuilder<Tables, 'job'>;

/** The filter as a condition on the table `job`. */
export function matching(where: Where, filter: JobFilter) {
  const all = [];
  if (filter.ids) all.push(where('id', 'in', filter.ids));
  if (filter.idPrefix) all.push(where('id', '>=', filter.idPrefix), where('id', '<', filter.idPrefix + '\uffff'));
  if (filter.status) all.push(where('status', 'in', filter.status));
  if (filter.reason) all.push(where('reason_code', 'in', filter.reason));
  if (filter.type) all.push(where('type', 'in', filter.type));
  if (filter.queue) all.push(where('queue', 'in', filter.queue));
  if (filter.pool) all.push(where('pool', 'in', filter.pool));
  for (const tag of filter.tagsAll ?? []) all.push(tagged(where, [tag]));
  if (filter.tagsAny) all.push(tagged(where, filter.tagsAny));
  if (filter.text) {
    const like = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`;
    all.push(sql<boolean>`(id like ${like} escape '\\' or type like ${like} escape '\\' or reason_message like ${like} escape '\\')`);
  }
  if (typeof filter.priorityMin === 'number') all.push(where('priority', '>=', filter.priorityMin));
  if (typeof filter.priorityMax === 'number') all.push(where('priority', '<=', filter.priorityMax));
  if (typeof filter.forced === 'boolean') all.push(where('forced', '=', filter.forced ? 1 : 0));
  if (typeof filter.haltsMin === 'number') all.push(where('halts', '>=', filter.haltsMin));
  if (filter.createdAfter) all.push(where('created_at', '>', filter.createdAfter.getTime()));
  if (filter.createdBefore) all.push(where('created_at', '<', filter.createdBefore.getTime()));
  if (filter.finishedAfter) all.push(where('finished_at', '>', filter.finishedAfter.getTime()));
  if (filter.finishedBefore) all.push(where('finished_at', '<', filter.finishedBefore.getTime()));
  if (filter.workerId) {
    all.push(
      where.exists(
        where.selectFrom('attempt').select('number').whereRef('attempt.job_id', '=', 'job.id').where('worker_id', '=', filter.workerId),
      ),
    );
  }
  return where.and(all);
}

const tagged = (where: Where, tags: readonly string[]) =>
  where.exists(where.selectFrom('job_tag').select('tag').whereRef('job_tag.job_id', '=', 'job.id').where('tag', 'in', tags));
