import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Json } from '../../index.ts';
import { customersPath, imagePath } from './inputs.ts';
import { HOOKS } from './sinks.ts';

/** What `createJob(input:)` takes, as far as the demo uses it. */
export type DemoJob = { type: string; payload: Json; queue: string; pool: 'demo'; priority: number; tags: ['demo', string] };

/** `runTag` is on all the jobs of this run and, unless two runs choose the same, on no others. */
export type DemoOptions = { smtpUrl: string; webhookUrl: string; workDir: string; seed: number; runTag?: string };

/**
 * Writes the input files to `workDir` (made when missing) and resolves with the demo's 20 jobs, in the order to create them in.
 *
 * The longest have priority, for one that is left for the end keeps a single core busy; the others that need a core stand between jobs
 * that mostly wait.
 */
export async function demoJobs({
  smtpUrl,
  webhookUrl,
  workDir,
  seed,
  runTag = `run-${randomUUID().slice(0, 8)}`,
}: DemoOptions): Promise<DemoJob[]> {
  await mkdir(workDir, { recursive: true });
  const job = (type: string, queue: string, payload: Json, priority = 1): DemoJob => ({
    type,
    payload,
    queue,
    pool: 'demo',
    priority,
    tags: ['demo', runTag],
  });

  const reports = (['sales', 'latency'] as const).map((reportType) =>
    job('report.generate', 'data', { reportType, dateRange: { from: '2026-01-01', to: '2026-03-31' }, outDir: workDir }, LONGEST),
  );
  const webhooks = Array.from({ length: HOOKS }, (_, index) =>
    job('webhook.deliver', 'webhooks', { url: `${webhookUrl}/hook/${index + 1}`, event: 'order.created', payload: { order: index + 1 } }),
  );
  const emails = (['welcome', 'receipt', 'reminder', 'receipt', 'welcome'] as const).map((template, index) =>
    job('email.send', 'email', { to: `customer${index + 1}@example.com`, subject: `Your ${template}`, template, smtpUrl }),
  );
  const images = (['webp', 'jpeg', 'webp'] as const).map((format, index) =>
    job('image.resize', 'images', { imagePath: imagePath(workDir, index), targetSize: { width: 800, height: 600 }, format }),
  );
  const syncs = (['full', 'incremental', 'full', 'incremental'] as const).map((syncType, index) =>
    job('data.sync', 'data', { source: customersPath(workDir, index), destination: copyPath(workDir, index), syncType }),
  );

  await Promise.all(syncs.map((_, index) => rm(copyPath(workDir, index), { force: true })));
  await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', INPUTS, workDir, String(seed)]);
  return [...reports, ...webhooks, ...emails.slice(0, 2), ...images.slice(0, 2), ...emails.slice(2), ...images.slice(2), ...syncs];
}

/** Their priority. The many that one request creates get in line nearly at once, so their order alone would not do. */
const LONGEST = 5;
const copyPath = (workDir: string, index: number): string => join(workDir, `copies-${index + 1}.ndjson`);

const INPUTS = fileURLToPath(new URL('./inputs-main.ts', import.meta.url));
