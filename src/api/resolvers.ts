import type { GraphQLScalarType } from 'graphql';
import { readBulk } from '../journal/read-bulk.ts';
import { countJobs, readJobs } from '../journal/read-jobs.ts';
import { readWorkers } from '../journal/read-workers.ts';
import { decodeCursor, encodeCursor, pageOf, pageSize } from './cursor.ts';
import { fromJournal } from './errors.ts';
import { readFilter, workerStatus } from './present.ts';
import { fields } from './fields.ts';
import * as scalars from './scalars.ts';
import type { Resolvers } from './schema.gen.ts';

/** What a scalar does. What it is stands in schema.graphql: a whole scalar would take its place, without the description. */
const doing = ({ serialize, parseValue, parseLiteral }: GraphQLScalarType) =>
  ({ serialize, parseValue, parseLiteral }) as GraphQLScalarType;

/** Unpack, call, return: what needs an `if` stands where it belongs. */
export const resolvers: Resolvers = {
  DateTime: doing(scalars.DateTime),
  Duration: doing(scalars.Duration),
  Bytes: doing(scalars.Bytes),
  Version: doing(scalars.Version),
  JSON: doing(scalars.JsonScalar),

  Query: {
    job: async (_, { id }, { loaders }) => (await loaders.job.load(id)) ?? null,
    async jobs(_, { filter, orderBy, first, after }, { journal }) {
      const list = `jobs ${orderBy.field} ${orderBy.direction}` as const;
      const from = decodeCursor(list, after);
      const page = { orderBy, limit: pageSize(first) + 1, after: from && { value: Number(from[0]), id: String(from[1]) } };
      const rows = await fromJournal(() => readJobs(journal.db, readFilter(filter), page));
      return pageOf(rows, first, after, (row) => encodeCursor(list, row.sort, row.id));
    },
    jobCounts: (_, { filter }, { journal }) => fromJournal(() => countJobs(journal.db, readFilter(filter))) as never,
    jobTypes: async (_, __, { jobTypes }) => [...(await jobTypes.all()).values()],
    async queues(_, { first, after }, { queues }) {
      const from = String(decodeCursor('queue', after)?.[0] ?? '');
      const rows = await queues.list({ after: from, limit: pageSize(first) + 1 });
      return pageOf(rows, first, after, ({ name }) => encodeCursor('queue', name));
    },
    queue: (_, { name }, { queues }) => queues.get(name),
    async workers(_, { pool, status }, { journal }) {
      const rows = await fromJournal(() => readWorkers(journal.db, { pool }));
      return rows.filter((row) => !status || status.includes(workerStatus(row)));
    },
    bulkOperation: async (_, { id }, { journal }) => (await fromJournal(() => readBulk(journal.db, id))) ?? null,
    serverInfo: () => ({}) as never,
  },

  Mutation: {
    createJob: (_, { input }, { jobs }) => jobs.create(input),
    createJobs: (_, { input }, { jobs }) => jobs.createAll(input.jobs),
    pauseQueue: (_, { input }, { queues }) => queues.pause(input.name),
    resumeQueue: (_, { input }, { queues }) => queues.resume(input.name),
    setQueueLimit: (_, { input }, { queues }) => queues.setLimit(input.name, input.limit ?? null),
    holdJob: (_, { input }, { jobs }) => jobs.hold(input),
    releaseJob: (_, { input }, { jobs }) => jobs.release(input),
    retryJob: (_, { input }, { jobs }) => jobs.retry(input),
    abortJob: (_, { input }, { jobs }) => jobs.abort(input),
    forceStartJob: (_, { input }, { jobs }) => jobs.forceStart(input),
    setJobPriority: (_, { input }, { jobs }) => jobs.setPriority(input),
    deleteJob: (_, { input }, { jobs }) => jobs.delete(input),
    bulkJobs: (_, { input }, { jobs }) => jobs.bulk(input),
    abortBulkOperation: (_, { input }, { jobs }) => jobs.abortBulk(input),
  },

  Subscription: {
    jobUpdated: { subscribe: (_, { id }, { live }) => live.job(id) as never, resolve: (row: unknown) => row as never },
    jobsUpdated: { subscribe: (_, { filter, first, after }, { live }) => live.jobs(readFilter(filter), first, after) as never },
    jobEvents: { subscribe: (_, { jobId, after }, { live }) => live.events(jobId ?? undefined, after) as never },
    jobLog: { subscribe: (_, { jobId, attempt, after }, { live }) => live.log(jobId, attempt, after) as never },
    jobUsage: { subscribe: (_, { jobId }, { live }) => live.usage(jobId) as never, resolve: (row: unknown) => row as never },
    workersUpdated: { subscribe: (_, { pool }, { live }) => live.workers(pool) as never },
    jobCountsUpdated: { subscribe: (_, { filter }, { live }) => live.counts(readFilter(filter)) as never },
    bulkOperationUpdated: { subscribe: (_, { id }, { live }) => live.bulk(id) as never, resolve: (row: unknown) => row as never },
  },

  ...fields,
};
