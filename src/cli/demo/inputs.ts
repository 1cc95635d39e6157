/** The files the demo's jobs read: made anew, the same for the same seed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seeded } from './seeded.ts';

export const imagePath = (workDir: string, index: number): string => join(workDir, `picture-${index + 1}.jpg`);
export const customersPath = (workDir: string, index: number): string => join(workDir, `customers-${index + 1}.ndjson`);

/** A JPEG of 1600 × 1200: soft waves with grain, about as hard to compress as a photo. */
async function writeImage(path: string, seed: number): Promise<void> {
  const { default: sharp } = await import('sharp');
  const random = seeded(seed);
  const [width, height, channels] = [1600, 1200, 3] as const;
  const wave = (length: number): number[] => {
    const period = 30 + 40 * random();
    return Array.from({ length }, (_, at) => Math.sin(at / period));
  };
  const across = Array.from({ length: channels }, () => wave(width));
  const down = Array.from({ length: channels }, () => wave(height));
  const pixels = Buffer.alloc(width * height * channels);
  for (let at = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const grain = 120 + 16 * random();
      for (let channel = 0; channel < channels; channel++) pixels[at++] = grain + 70 * across[channel]![x]! * down[channel]![y]!;
    }
  }
  await sharp(pixels, { raw: { width, height, channels } }).jpeg({ quality: 92 }).toFile(path);
}

/** NDJSON, numbered from 1, with the untidy spaces that a sync removes. */
async function writeCustomers(path: string, count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const lines = Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    return `${JSON.stringify({ id, name: ` Customer ${id} `, email: `customer${id}@example.com`, balance: Math.floor(random() * 1e6) / 100 })}\n`;
  });
  await writeFile(path, lines.join(''));
}

/** All of them into workDir, which is there. */
export async function writeInputs(workDir: string, seed: number): Promise<void> {
  for (let index = 0; index < IMAGES; index++) await writeImage(imagePath(workDir, index), seed + index);
  for (let index = 0; index < SYNCS; index++) await writeCustomers(customersPath(workDir, index), CUSTOMERS, seed + index);
}

const IMAGES = 3;
const SYNCS = 4;
/** As many as one data.sync copies in some 0.3 s. */
const CUSTOMERS = 14_000;
