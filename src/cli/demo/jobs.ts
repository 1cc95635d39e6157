import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../index.ts';
import { writeCustomers, writeImage } from './inputs.ts';
import { HOOKS } from './sinks.ts';

/** What `createJob(input:)` takes, as far as the demo uses it. */
export type DemoJob = { type: string; payload: Json; queue: string; pool: 'demo'; tags: ['demo', string] };

/** `runTag` is on all the jobs of this run and, unless two runs choose the same, on no others. */
export type DemoOptions = { smtpUrl: string; webhookUrl: string; workDir: string; seed: number; runTag?: string };

/**
 * Writes the input files to `workDir` (made when missing) and resolves with the demo's 20 jobs, in the order to create them in.
 *
 * The long CPU-bound ones come first, between jobs that mostly wait, so that no core is idle and none of them is left for the end.
 */
export async function demoJobs({ smtpUrl, webhookUrl, workDir, seed, runTag = `run-${randomUUID().slice(0, 8)}` }: DemoOptions): Promise<DemoJob[]> {
  await mkdir(workDir, { recursive: true });
  const job = (type: string, queue: string, payload: Json): DemoJob => ({ type, payload, queue, pool: 'demo', tags: ['demo', runTag] });

  const reports = (['sales', 'latency'] as const).map((reportType) =>
    job('report.generate', 'data', { reportType, dateRange: { from: '2026-01-01', to: '2026-03-31' }, outDir: workDir }),
  );
  const webhooks = Array.from({ length: HOOKS }, (_, index) =>
    job('webhook.deliver', 'webhooks', { url: `${webhookUrl}/hook/${index + 1}`, event: 'order.created', payload: { order: index + 1 } }),
  );
  const emails = (['welcome', 'receipt', 'reminder', 'receipt', 'welcome'] as const).map((template, index) =>
    job('email.send', 'email', { to: `customer${index + 1}@example.com`, subject: `Your ${template}`, template, smtpUrl }),
  );
  const images = (['webp', 'jpeg', 'webp'] as const).map((format, index) =>
    job('image.resize', 'images', { imagePath: join(workDir, `picture-${index + 1}.jpg`), targetSize: { width: 800, height: 600 }, format }),
  );
  const syncs = (['full', 'incremental', 'full', 'incremental'] as const).map((syncType, index) =>
    job('data.sync', 'data', { source: join(workDir, `customers-${index + 1}.ndjson`), destination: join(workDir, `copies-${index + 1}.ndjson`), syncType }),
  );

  await Promise.all(images.map((_, index) => writeImage(join(workDir, `picture-${index + 1}.jpg`), seed + index)));
  await Promise.all(syncs.map((_, index) => rm(join(workDir, `copies-${index + 1}.ndjson`), { force: true })));
  await Promise.all(syncs.map((_, index) => writeCustomers(join(workDir, `customers-${index + 1}.ndjson`), CUSTOMERS, seed + index)));
  return [...reports, ...webhooks, ...emails.slice(0, 2), ...images.slice(0, 2), ...emails.slice(2), ...images.slice(2), ...syncs];
}

/** As many as one data.sync copies in some 0.3 s. */
const CUSTOMERS = 14_000;
