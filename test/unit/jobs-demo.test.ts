import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import dataSync from '../../jobs/data-sync.ts';
import emailSend from '../../jobs/email-send.ts';
import imageResize from '../../jobs/image-resize.ts';
import reportGenerate from '../../jobs/report-generate.ts';
import webhookDeliver from '../../jobs/webhook-deliver.ts';
import type { JobContext } from '../../src/index.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'millrace-jobs-'))));
afterAll(() => rm(folder, { recursive: true }));

describe('email.send', () => {
  const mail = { to: 'ann@example.com', subject: 'Hello', template: 'welcome' } as const;
  const texts: string[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    closeTimeout: 1,
    onRcptTo: ({ address }, _session, accept) => {
      if (address.startsWith('full')) return accept(Object.assign(new Error('mailbox full'), { responseCode: 452 }));
      accept(address.startsWith('nobody') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null);
    },
    onData: (stream, _session, accept) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        texts.push(text);
        if (!text.includes('never')) accept();
      });
    },
  });
  let smtpUrl: string;
  beforeAll(async () => {
    smtp.on('error', () => {});
    smtp.server.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    smtpUrl = `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise<void>((done) => smtp.close(done)));

  test('sends the mail under an id made of the job, so that an attempt too many is seen as the same mail', async () => {
    const result = await emailSend.run(contextOf({ ...mail, smtpUrl }));
    expect(result).toEqual({ messageId: '<a-job@millrace>', recipient: 'ann@example.com', status: 'sent' });
    expect(texts.at(-1)).toMatch(/Message-ID: <a-job@millrace>/i);
    expect(texts.at(-1)).toMatch(/Subject: Hello/);
  });

  test('fails for good when the server refuses, and is retried when it only cannot now', async () => {
    const sendTo = async (to: string) => emailSend.run(contextOf({ ...mail, to, smtpUrl }));
    await expect(sendTo('nobody@example.com')).rejects.toMatchObject({ final: true });
    await expect(sendTo('full@example.com')).rejects.not.toHaveProperty('final');
  });

  test('ends when the job is asked to stop while the server is silent', async () => {
    const stop = new AbortController();
    const run = emailSend.run(contextOf({ ...mail, subject: 'never', smtpUrl }, { signal: stop.signal }));
    await expect.poll(() => texts.at(-1), { timeout: 15_000 }).toMatch(/never/);
    stop.abort();
    await expect(run).rejects.toThrow();
  });

  test('takes the server from MILLRACE_SMTP_URL and fails for good without one', async () => {
    const send = async () => emailSend.run(contextOf({ ...mail }));
    vi.stubEnv('MILLRACE_SMTP_URL', smtpUrl);
    await expect(send()).resolves.toMatchObject({ status: 'sent' });
    vi.stubEnv('MILLRACE_SMTP_URL', undefined);
    await expect(send()).rejects.toMatchObject({ final: true });
    vi.unstubAllEnvs();
  });
});

describe('webhook.deliver', () => {
  const delivery = { event: 'order.created', payload: { order: 1 }, timeoutMs: 5000 };
  const bodies: unknown[] = [];
  const receiver = createServer(async (request, response) => {
    bodies.push(JSON.parse((await request.toArray()).join('')));
    if (request.url !== '/silent') response.writeHead(Number(request.url!.slice(1)), { location: '/200' }).end('text');
  });
  let url: string;
  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    receiver.close();
    receiver.closeAllConnections();
  });

  test('posts the event as JSON', async () => {
    const result = await webhookDeliver.run(contextOf({ ...delivery, url: `${url}/202` }));
    expect(result).toEqual({ url: `${url}/202`, status: 202, responseTime: expect.any(Number) });
    expect(bodies.at(-1)).toEqual({ event: 'order.created', payload: { order: 1 } });
  });

  test.each([500, 503, 408, 429])('is retried after %i', async (status) => {
    await expect(webhookDeliver.run(contextOf({ ...delivery, url: `${url}/${status}` }))).rejects.not.toHaveProperty('final');
  });

  test.each([301, 400, 404, 410])('fails for good after %i', async (status) => {
    await expect(webhookDeliver.run(contextOf({ ...delivery, url: `${url}/${status}` }))).rejects.toMatchObject({ final: true });
  });

  test('is retried when no answer comes in time', async () => {
    const run = webhookDeliver.run(contextOf({ ...delivery, url: `${url}/silent`, timeoutMs: 20 }));
    await expect(run).rejects.not.toHaveProperty('final');
  });
});

describe('image.resize', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('makes a smaller %s next to the original, which stays', async (format) => {
    const imagePath = join(folder, `photo-${format}.png`);
    await sharp({ create: { width: 120, height: 80, channels: 4, background: 'teal' } })
      .png()
      .toFile(imagePath);
    const original = await readFile(imagePath);
    const result = await imageResize.run(contextOf({ imagePath, targetSize: { width: 60, height: 60 }, format, cpuMs: 0 }));

    const made = await readFile(join(folder, `photo-${format}-60x40.${format}`));
    expect(await sharp(made).metadata()).toMatchObject({ format: format === 'avif' ? 'heif' : format, width: 60, height: 40 });
    expect(result).toEqual({
      originalSize: original.length,
      newSize: made.length,
      compressionRatio: expect.closeTo(original.length / made.length, 2),
    });
    expect(await readFile(imagePath)).toEqual(original);
  });

  test('finds a smaller file that still looks right when it may search longer', async () => {
    const imagePath = join(folder, 'noisy.png');
    const noise = { type: 'gaussian', mean: 128, sigma: 2 } as const;
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal', noise } })
      .png()
      .toFile(imagePath);
    const sizeAfter = async (cpuMs: number) =>
      (
        (await imageResize.run(contextOf({ imagePath, targetSize: { width: 64, height: 64 }, format: 'jpeg', cpuMs }))) as {
          newSize: number;
        }
      ).newSize;
    expect(await sizeAfter(400)).toBeLessThan(await sizeAfter(0));
  });
});

describe('data.sync', () => {
  const sync = async (name: string, syncType: 'full' | 'incremental', records: object[]) => {
    const [source, destination] = [join(folder, `${name}.ndjson`), join(folder, `${name}-copy.ndjson`)];
    await writeFile(source, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const result = await dataSync.run(contextOf({ source, destination, syncType }));
    const copies = (await readFile(destination, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { result: result as { recordsSynced: number }, copies };
  };

  test('a full one makes the destination a tidied copy with a hash for each record', async () => {
    await sync('full', 'full', [{ id: 9 }]);
    const { result, copies } = await sync('full', 'full', [{ name: ' Ann ', id: 1 }, { id: 'two' }]);
    expect(result).toEqual({ recordsSynced: 2, source: join(folder, 'full.ndjson'), destination: join(folder, 'full-copy.ndjson') });
    expect(copies).toEqual([
      { id: 1, name: 'Ann', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { id: 'two', hash: expect.any(String) },
    ]);
  });

  test('an incremental one writes what is new or has changed and keeps the rest', async () => {
    await sync('part', 'incremental', [
      { id: 1, name: 'Ann' },
      { id: 2, name: 'Bob' },
    ]);
    const { result, copies } = await sync('part', 'incremental', [{ id: 2, name: 'Rob' }, { name: 'Ann ', id: 1 }, { id: 3 }]);
    expect(result.recordsSynced).toBe(2);
    expect(copies).toMatchObject([{ id: 1, name: 'Ann' }, { id: 2, name: 'Rob' }, { id: 3 }]);
  });

  test('fails for good on a line that is no record and leaves the destination as it was', async () => {
    const { copies } = await sync('bad', 'full', [{ id: 1 }]);
    await expect(sync('bad', 'full', [{ id: 2 }, { name: 'no id' }])).rejects.toMatchObject({
      final: true,
      message: expect.stringMatching(/bad\.ndjson:2/),
    });
    expect(JSON.parse(await readFile(join(folder, 'bad-copy.ndjson'), 'utf8'))).toEqual(copies[0]);
  });

  test('is retried when the source is not there', async () => {
    const run = async () =>
      dataSync.run(contextOf({ source: join(folder, 'none'), destination: join(folder, 'none-copy'), syncType: 'full' }));
    await expect(run()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('report.generate', () => {
  const dateRange = { from: '2026-01-01', to: '2026-01-31' };

  test('writes a PDF with a page a week and says how far it is', async () => {
    const told: number[] = [];
    const payload = { reportType: 'sales', dateRange, outDir: join(folder, 'reports'), cpuMs: 20 } as const;
    const result = await reportGenerate.run(contextOf(payload, { progress: (fraction) => void told.push(fraction) }));

    const file = await readFile(join(folder, 'reports', 'sales-a-job.pdf'), 'latin1');
    expect(result).toEqual({ reportId: 'sales-a-job', pages: 5, fileSize: file.length });
    expect(file).toMatch(/^%PDF-1\.4\n/);
    expect(file).toMatch(/2026-01-31 {2}mean/);
    const xrefAt = Number(/startxref\n(\d+)/.exec(file)![1]);
    const firstPageAt = Number(file.slice(xrefAt).split('\n')[2 + 4]!.split(' ')[0]);
    expect(file.slice(firstPageAt)).toMatch(/^4 0 obj\n<< \/Type \/Page /);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  test('ends when the job is asked to stop', async () => {
    const signal = AbortSignal.timeout(20);
    const run = reportGenerate.run(contextOf({ reportType: 'sales', dateRange, outDir: folder, cpuMs: 60_000 }, { signal }));
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([
    { from: '2026-02-01', to: '2026-01-01' },
    { from: '2026-02-30', to: '2026-03-01' },
    { from: '2024-01-01', to: '2026-01-01' },
  ])('takes no payload from $from to $to', (range) => {
    expect(reportGenerate.payload.safeParse({ reportType: 'sales', dateRange: range }).success).toBe(false);
  });
});

function contextOf<Payload>(payload: Payload, over: Partial<JobContext<Payload>> = {}): JobContext<Payload> {
  const job = { id: 'a-job', type: 'a.type', queue: 'default', tags: [], metadata: null };
  const quiet = { dependencies: {}, log: () => {}, progress: () => {}, annotate: () => {}, checkpoint: { value: null, save: () => {} } };
  return { payload, job, attempt: 1, deadlineAt: undefined, signal: new AbortController().signal, ...quiet, ...over };
}
