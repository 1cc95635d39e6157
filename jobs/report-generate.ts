import { hash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { defineJob } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'report.generate',
  description: 'Makes measurements up, estimates their daily means with 95 % confidence by bootstrap, and writes a PDF with a page a week.',
  payload: z.strictObject({
    reportType: z.enum(['sales', 'traffic', 'latency']).describe('What is measured.'),
    dateRange: z
      .strictObject({
        from: z.iso.date().describe('First day, such as 2026-01-01.'),
        to: z.iso.date().describe('Last day, included.'),
      })
      .refine(({ from, to }) => daysOf(from, to) >= 1 && daysOf(from, to) <= 366, {
        error: 'a report covers 1 to 366 days, the first before the last',
      })
      .describe('The days the report covers, 1 to 366.'),
    outDir: z
      .string()
      .min(1)
      .optional()
      .describe('Folder the PDF is written to, made when missing. Default: millrace-reports in the temporary folder of the worker.'),
    cpuMs: z.int().min(0).max(600_000).default(2050).describe('CPU time for the estimate, in milliseconds; more time, closer bounds.'),
  }),
  defaults: { queue: 'data' },
  run: async ({ payload: { reportType, dateRange, outDir = join(tmpdir(), 'millrace-reports'), cpuMs }, job, signal, log, progress }) => {
    const before = process.cpuUsage();
    const random = randomFrom(`${reportType} ${dateRange.from}`);
    const days = Array.from({ length: daysOf(dateRange.from, dateRange.to) }, (_, day) => measureDay(day, random));

    const meansOf: number[][] = days.map(() => []);
    for (let spentMs = 0, rounds = 0; spentMs < cpuMs || rounds < MIN_ROUNDS; rounds++) {
      days.forEach((samples, day) => meansOf[day]!.push(resampledMean(samples, random)));
      const { user, system } = process.cpuUsage(before);
      spentMs = (user + system) / 1000;
      progress(Math.min(1, spentMs / cpuMs));
      // Lets a stop get through, which waits while this loop runs.
      if (rounds % 16 === 0) await yieldToEvents(undefined, { signal });
    }

    const lines = days.map((samples, day) => {
      const date = new Date(Date.parse(dateRange.from) + day * DAY_MS).toISOString().slice(0, 10);
      const figures = [
        mean(samples),
        quantile(meansOf[day]!, 0.025),
        quantile(meansOf[day]!, 0.975),
        quantile(samples, 0.5),
        quantile(samples, 0.95),
      ];
      const [average, low, high, p50, p95] = figures.map((figure) => figure.toFixed(2));
      return `${date}  mean ${average} (${low} to ${high})  p50 ${p50}  p95 ${p95}`;
    });
    const title = `${reportType} from ${dateRange.from} to ${dateRange.to}`;
    const pages = Array.from({ length: Math.ceil(lines.length / 7) }, (_, week) => [
      title,
      `week ${week + 1}`,
      '',
      ...lines.slice(week * 7, week * 7 + 7),
    ]);
    const reportId = `${reportType}-${job.id}`;
    const path = join(outDir, `${reportId.replace(/[^\w.-]/g, '_')}.pdf`);
    const file = pdfOf(pages);
    await mkdir(outDir, { recursive: true });
    await writeFile(path, file);
    log(`wrote ${path}`);
    return { reportId, pages: pages.length, fileSize: file.length };
  },
});

const daysOf = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;

/** Skewed like most measurements, and higher on some days of the week. */
const measureDay = (day: number, random: () => number): number[] =>
  Array.from({ length: SAMPLES_PER_DAY }, () => -Math.log(1 - random()) * (50 + 10 * Math.sin((day * 2 * Math.PI) / 7)));

/** The mean of as many samples, drawn with replacement. */
function resampledMean(samples: number[], random: () => number): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[Math.floor(random() * samples.length)]!;
  return sum / samples.length;
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const quantile = (values: number[], share: number): number => values.toSorted((a, b) => a - b)[Math.floor(share * values.length)]!;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: string): () => number {
  let state = Number.parseInt(hash('sha256', seed).slice(0, 8), 16);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A PDF 1.4 of A4 pages with plain ASCII lines. */
function pdfOf(pages: string[][]): Buffer {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, page) => `${4 + 2 * page} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>',
    ...pages.flatMap((lines, page) => {
      const text = `BT /F1 9 Tf 14 TL 50 780 Td ${lines.map((line) => `(${line.replace(/[\\()]/g, '\\$&')}) '`).join('\n')} ET`;
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + 2 * page} 0 R >>`,
        `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
      ];
    }),
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const xref = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  return Buffer.from(`${body}${xref}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`, 'latin1');
}

const DAY_MS = 86_400_000;
const SAMPLES_PER_DAY = 500;
const MIN_ROUNDS = 100;
