import type { Config } from '../config.ts';
import { openJournal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import { connectLazily } from '../temporal/connect-client.ts';
import { createGraphql } from '../api/graphql.ts';
import { JobTypes } from '../api/job-types.ts';
import { Jobs } from '../api/jobs.ts';
import { Live } from '../api/live.ts';
import { Queues } from '../api/queues.ts';
import { ServerFacts } from '../api/server-facts.ts';
import { listen } from '../api/server.ts';
import { tryToClaimNamespace, untilRefused } from './claim-namespace.ts';
import type { RunningRole } from './role.ts';

/** The door for clients. Ready when it listens: Temporal may come later, and may go and come back. */
export async function startApi(config: Config, log: Logger): Promise<RunningRole> {
  const journal = await openJournal(config.journalFile, (message) => log.warn({ journal: config.journalFile }, message));
  const { connection, client } = connectLazily(config);
  const jobTypes = new JobTypes(journal);
  const live = new Live(journal);
  const facts = new ServerFacts(config, connection, journal);
  const queues = new Queues(client, journal);
  const jobs = new Jobs({ client, journal, jobTypes, live, queues });
  const [isClaimed, core] = await Promise.all([
    tryToClaimNamespace(config, journal, connection),
    createGraphql({ config, journal, jobs, jobTypes, live, queues, facts }, log),
  ]);
  const server = await listen(config, core, facts, log);
  log.info({ url: server.url }, 'the api listens');
  const stopping = new AbortController();
  return {
    facts: { url: server.url },
    ended: isClaimed ? new Promise(() => {}) : untilRefused(config, journal, connection, stopping.signal),
    async stop() {
      stopping.abort();
      await server.stop();
      await connection.close();
      await journal.stop(2_000);
    },
  };
}
