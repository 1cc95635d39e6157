/**
 * The outside world of the demo: a mail server and a receiver of webhooks, both on a free port of 127.0.0.1.
 *
 * What a hook answers depends on the seed alone, not on the order in which requests arrive; the n-th mail takes the n-th seeded time.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { seeded } from './seeded.ts';

/** How many webhooks the demo sends, one to each of `/hook/1` to `/hook/6`. */
export const HOOKS = 6;

/** A running sink. `stop` ends open connections and resolves when the port is free. */
export type Sink = { url: string; stop: () => Promise<void> };

/** Takes any mail, unencrypted and without a login, and accepts it 0.5 to 1.1 s after its last line. Keeps the recipients, not the mails. */
export async function startSmtpSink({ seed }: { seed: number }): Promise<Sink & { recipients: string[] }> {
  const random = seeded(seed);
  const recipients: string[] = [];
  const stopping = new AbortController();
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onData: (stream, { envelope }, accept) => {
      const answer = () => {
        recipients.push(...envelope.rcptTo.map(({ address }) => address));
        accept();
      };
      stream.resume().once('end', () => void answerAfter(500 + 600 * random(), stopping.signal, answer));
    },
  });
  // A client that leaves in the middle is its own affair.
  smtp.on('error', () => {});
  const port = await listen(smtp.server);
  const stop = async () => {
    stopping.abort();
    await new Promise<void>((done) => smtp.close(done));
  };
  return { url: `smtp://127.0.0.1:${port}`, recipients, stop };
}

/**
 * One hook answers 410 to everything. Each of the others has 1 chance in 10, and at least one of them the bad luck, to answer
 * 500 to its first request; the rest is 200. An answer takes 0.1 to 0.45 s, the same for all requests to one hook.
 */
export async function startWebhookReceiver({ seed }: { seed: number }): Promise<Sink & { goneHook: number; requests: WebhookRequest[] }> {
  const random = seeded(seed);
  const goneHook = 1 + Math.floor(random() * HOOKS);
  const failing = failingHooks(goneHook, random);
  const delaysMs = Array.from({ length: HOOKS }, () => 100 + 350 * random());
  const requests: WebhookRequest[] = [];
  const stopping = new AbortController();
  const statusOf = (hook: number): number => {
    if (hook === goneHook) return 410;
    return failing.delete(hook) ? 500 : 200;
  };
  const server = createServer((request, response) => {
    request.resume();
    const hook = Number(/^\/hook\/([1-6])$/.exec(request.url ?? '')?.[1]);
    if (Number.isNaN(hook)) return void response.writeHead(404).end();
    void answerAfter(delaysMs[hook - 1]!, stopping.signal, () => {
      const status = statusOf(hook);
      requests.push({ hook, status });
      response.writeHead(status).end();
    });
  });
  const port = await listen(server);
  const stop = async () => {
    stopping.abort();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}`, goneHook, requests, stop };
}

/** What a hook was answered, in the order of the answers. */
export type WebhookRequest = { hook: number; status: number };

function failingHooks(goneHook: number, random: () => number): Set<number> {
  const others = Array.from({ length: HOOKS }, (_, index) => index + 1).filter((hook) => hook !== goneHook);
  const failing = new Set(others.filter(() => random() < 0.1));
  // A demo in which nothing is retried would not show what it is for.
  if (failing.size === 0) failing.add(others[Math.floor(random() * others.length)]!);
  return failing;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Never answers when the sink stops first. */
async function answerAfter(delayMs: number, stopping: AbortSignal, answer: () => void): Promise<void> {
  const stopped = await wait(delayMs, false, { signal: stopping }).catch(() => true);
  if (!stopped) answer();
}
