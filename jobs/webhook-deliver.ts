import { defineJob, FinalError } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'webhook.deliver',
  description: 'Posts an event as JSON to a URL. 408, 429, 5xx and no answer are retried; any other refusal fails the job for good.',
  payload: z.strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where to post to, http or https. A redirect is not followed.'),
    event: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[\w.:-]+$/)
      .describe('Name of the event, such as order.created; sent in the body and as X-Millrace-Event.'),
    payload: z.json().describe('What the event says: any JSON.'),
    timeoutMs: z.int().min(1).max(600_000).default(10_000).describe('How long to wait for the answer, in milliseconds.'),
  }),
  defaults: { queue: 'webhooks' },
  run: async ({ payload: { url, event, payload, timeoutMs }, job, signal }) => {
    const startedAt = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      // A redirected POST would arrive as a GET without its body.
      redirect: 'manual',
      // The same id on every attempt, so that a receiver can drop what it has had already.
      headers: { 'content-type': 'application/json', 'x-millrace-event': event, 'x-millrace-delivery': job.id },
      body: JSON.stringify({ event, payload }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new Error(`${url} did not answer within ${timeoutMs} ms or could not be reached`, { cause });
    });
    await response.body?.cancel();

    const { status } = response;
    if (response.ok) return { url, status, responseTime: Math.round(performance.now() - startedAt) };
    const message = `${url} answered ${status}`;
    throw mayPass(status) ? new Error(message) : new FinalError(message);
  },
});

const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 429;
