import { hash } from 'node:crypto';
import { open, rename, stat, writeFile } from 'node:fs/promises';
import { defineJob, FinalError } from 'millrace';
import { z } from 'zod';

export default defineJob({
  name: 'data.sync',
  description: 'Copies records from one NDJSON file to another, normalised and each with the SHA-256 of its content.',
  payload: z.strictObject({
    source: z.string().min(1).describe('File to read: one JSON object a line, each with an `id`.'),
    destination: z.string().min(1).describe('File to write. It is replaced at the end, in one step.'),
    syncType: z
      .enum(['full', 'incremental'])
      .describe(
        'full: the destination becomes a copy of the source. incremental: only new and changed records are written, the others stay.',
      ),
  }),
  defaults: { queue: 'data' },
  run: async ({ payload: { source, destination, syncType }, signal, progress }) => {
    const copies = syncType === 'incremental' ? await readCopies(destination) : new Map<string, Copy>();
    const { size } = await stat(source);
    let recordsSynced = 0;
    let seenBytes = 0;
    await eachLine(source, (line, number) => {
      signal.throwIfAborted();
      seenBytes += Buffer.byteLength(line) + 1;
      if (number % 1000 === 0) progress(Math.min(1, seenBytes / size));
      const copy = copyOf(line, `${source}:${number}`);
      if (copies.get(copy.id)?.hash === copy.hash) return;
      copies.set(copy.id, copy);
      recordsSynced++;
    });
    await replaceFile(destination, Array.from(copies.values(), ({ text }) => text).join(''));
    return { recordsSynced, source, destination };
  },
});

type Copy = { id: string; hash: string; text: string };

/** What the destination holds already; nothing when it does not exist yet. */
async function readCopies(path: string): Promise<Map<string, Copy>> {
  const copies = new Map<string, Copy>();
  await eachLine(path, (line, number) => {
    const { id, hash } = parseRecord(line, `${path}:${number}`);
    copies.set(String(id), { id: String(id), hash: String(hash), text: `${line}\n` });
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return copies;
}

/** Calls back for each line that is not empty, numbered from 1. */
async function eachLine(path: string, take: (line: string, number: number) => void): Promise<void> {
  const file = await open(path);
  try {
    let number = 0;
    for await (const line of file.readLines()) {
      number++;
      if (line !== '') take(line, number);
    }
  } finally {
    await file.close();
  }
}

/** Keys sorted and strings trimmed, so that two spellings of a record have one hash. */
function copyOf(line: string, place: string): Copy {
  const record = parseRecord(line, place);
  const keys = Object.keys(record).sort();
  const content = Object.fromEntries(keys.map((key) => [key, tidy(record[key])]));
  const digest = hash('sha256', JSON.stringify(content));
  return { id: String(record.id), hash: digest, text: `${JSON.stringify({ ...content, hash: digest })}\n` };
}

const tidy = (value: unknown): unknown => (typeof value === 'string' ? value.trim().normalize() : value);

/** @throws FinalError for a line that is no record: it stays so however often it is read. */
function parseRecord(line: string, place: string): z.output<typeof RECORD> {
  try {
    return RECORD.parse(JSON.parse(line));
  } catch (cause) {
    throw new FinalError(`${place} is no JSON object with an id`, { cause });
  }
}

/** By way of a second file, so that an attempt killed half way leaves the old content whole. */
async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}

const RECORD = z.looseObject({ id: z.union([z.string(), z.number()]) });
