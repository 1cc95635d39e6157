import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { JobDefinition } from '../../src/index.ts';
import { demoJobs } from '../../src/cli/demo/jobs.ts';
import { startSmtpSink, startWebhookReceiver } from '../../src/cli/demo/sinks.ts';

const SEED = 7;

test('the SMTP sink takes a mail, slowly, and is gone after its stop', async () => {
  const sink = await startSmtpSink({ seed: SEED });
  const send = () => createTransport(sink.url).sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'hello' });
  const startedAt = performance.now();
  await send();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(499);
  expect(sink.recipients).toEqual(['b@example.com']);
  await sink.stop();
  await expect(send()).rejects.toMatchObject({ code: 'ESOCKET' });
});

test('the SMTP sink stops while a mail waits for its answer', async () => {
  const sink = await startSmtpSink({ seed: SEED });
  const sent = createTransport(sink.url).sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'hello' });
  const refused = expect(sent).rejects.toThrow();
  await sink.stop();
  await refused;
  expect(sink.recipients).toEqual([]);
});

test('of six hooks one is gone for ever, at least one fails its first delivery, and the second try of the others ends well', async () => {
  const receiver = await startWebhookReceiver({ seed: SEED });
  const first = await postToAll(receiver.url);
  const second = await postToAll(receiver.url);
  await receiver.stop();
  expect(first.filter((status) => status === 410)).toHaveLength(1);
  expect(first[receiver.goneHook - 1]).toBe(410);
  expect(first.filter((status) => status === 500).length).toBeGreaterThanOrEqual(1);
  expect(second).toEqual(first.map((status) => (status === 410 ? 410 : 200)));
  expect(receiver.requests).toHaveLength(12);
});

test('the same seed gives the same answers', async () => {
  const receivers = await Promise.all([startWebhookReceiver({ seed: SEED }), startWebhookReceiver({ seed: SEED })]);
  const [one, other] = await Promise.all(receivers.map(({ url }) => postToAll(url)));
  await Promise.all(receivers.map((receiver) => receiver.stop()));
  expect(one).toEqual(other);
});

test('the receiver stops while a request waits for its answer, and its port is free', async () => {
  const receiver = await startWebhookReceiver({ seed: SEED });
  const waiting = fetch(`${receiver.url}/hook/1`, { method: 'POST' });
  const refused = expect(waiting).rejects.toThrow();
  await fetch(`${receiver.url}/no-hook`);
  await receiver.stop();
  await refused;
  await expect(fetch(receiver.url)).rejects.toThrow();
});

test('the demo makes 20 jobs that their types accept, and the files they read', async () => {
  const workDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const jobs = await demoJobs({
    smtpUrl: 'smtp://127.0.0.1:2525',
    webhookUrl: 'http://127.0.0.1:8080',
    workDir,
    seed: SEED,
    runTag: 'run-1',
  });

  const counts = new Map<string, number>();
  for (const { type, payload, queue, pool, tags } of jobs) {
    const { default: definition } = (await import(`../../jobs/${type.replace('.', '-')}.ts`)) as { default: JobDefinition };
    expect(definition.payload.safeParse(payload).error, type).toBeUndefined();
    expect({ queue, pool, tags }).toEqual({ queue: definition.defaults?.queue, pool: 'demo', tags: ['demo', 'run-1'] });
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual({
    'email.send': 5,
    'image.resize': 3,
    'data.sync': 4,
    'report.generate': 2,
    'webhook.deliver': 6,
  });
  expect(await sharp(join(workDir, 'picture-1.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 1600, height: 1200 });
  expect((await readFile(join(workDir, 'customers-4.ndjson'), 'utf8')).split('\n').length).toBeGreaterThan(1000);
  await rm(workDir, { recursive: true });
});

test('two runs of the demo have different tags', async () => {
  const workDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'));
  const options = { smtpUrl: 'smtp://127.0.0.1:2525', webhookUrl: 'http://127.0.0.1:8080', workDir, seed: SEED };
  const [one, other] = [await demoJobs(options), await demoJobs(options)];
  expect(one[0]!.tags[1]).not.toBe(other[0]!.tags[1]);
  await rm(workDir, { recursive: true });
});

const postToAll = (url: string): Promise<number[]> =>
  Promise.all([1, 2, 3, 4, 5, 6].map(async (hook) => (await fetch(`${url}/hook/${hook}`, { method: 'POST' })).status));
