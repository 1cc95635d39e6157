import type { Graphql } from './graphql.ts';
import { HOOKS, type startSmtpSink, type startWebhookReceiver } from './sinks.ts';
import type { Tally } from './tally.ts';

type World = { smtp: Awaited<ReturnType<typeof startSmtpSink>>; webhooks: Awaited<ReturnType<typeof startWebhookReceiver>> };
type Listed = { id: string; status: string; attemptCount: number; payload: { url?: string }; reason: { message: string } | null };

/**
 * What is not as it should be; empty when all is. The jobs' list, the feed and the sinks must tell the same: 19 jobs have succeeded, and
 * exactly the webhook that is answered 410 has failed, at its first attempt.
 */
export async function differences(graphql: Graphql, runTag: string, tally: Tally, { smtp, webhooks }: World): Promise<string[]> {
  const { jobs } = await graphql.ask<{ jobs: { nodes: Listed[] } }>(LIST, { tag: runTag });
  const found: string[] = [];
  const expect = (fact: boolean, sentence: string): void => void (fact || found.push(sentence));

  expect(jobs.nodes.length === tally.rows.size, `${tally.rows.size} jobs were created, the list has ${jobs.nodes.length}`);
  for (const { id, status, attemptCount, payload, reason } of jobs.nodes) {
    const row = tally.rows.get(id);
    const name = row?.name ?? id;
    const isGone = payload.url === `${webhooks.url}/hook/${webhooks.goneHook}`;
    const wanted = isGone ? 'FAILED' : 'SUCCEEDED';
    expect(status === wanted, `${name} is ${status} and should be ${wanted}${reason ? `: ${reason.message}` : ''}`);
    expect(!isGone || attemptCount === 1, `${name} was tried ${attemptCount} times although its receiver answers 410`);
    expect(
      row?.status === status && row.tries.length === attemptCount,
      `${name} is ${status} after ${attemptCount} attempts, the feed has told of ${row?.status} after ${row?.tries.length}`,
    );
  }
  const mails = new Set(smtp.recipients).size;
  const sent = jobs.nodes.filter(({ id }) => tally.rows.get(id)?.queue === 'email').length;
  expect(mails === sent, `${sent} mails were sent, to different people; the SMTP sink has had ${mails}`);
  const refusals = webhooks.requests.filter(({ status }) => status === 500).length;
  const delivered = webhooks.requests.filter(({ status }) => status === 200).length;
  expect(refusals > 0, 'no webhook was answered 500, so that no retry was seen');
  expect(delivered === HOOKS - 1, `${HOOKS - 1} webhooks should have been delivered, each once; the receiver has had ${delivered}`);
  return found;
}

const LIST =
  'query ($tag: String!) { jobs(filter: { tagsAll: [$tag] }, first: 100) { nodes { id status attemptCount payload reason { message } } } }';
