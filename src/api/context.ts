import type { Config } from '../config.ts';
import type { Journal } from '../journal/journal.ts';
import type { Jobs } from './jobs.ts';
import type { JobTypes } from './job-types.ts';
import type { Live } from './live.ts';
import type { Loaders } from './loaders.ts';
import type { Queues } from './queues.ts';
import type { ServerFacts } from './server-facts.ts';

/** What resolvers are given: the parts of the api, and the loaders of one request. */
export type Context = Parts & { loaders: Loaders };

export type Parts = { config: Config; journal: Journal; jobs: Jobs; jobTypes: JobTypes; live: Live; queues: Queues; facts: ServerFacts };
