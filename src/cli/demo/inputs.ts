/** The files the demo's jobs read: made anew, the same for the same seed. */
import { writeFile } from 'node:fs/promises';
import { seeded } from './seeded.ts';

/** A JPEG of 1600 × 1200: soft waves with grain, about as hard to compress as a photo. */
export async function writeImage(path: string, seed: number): Promise<void> {
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
export async function writeCustomers(path: string, count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const lines = Array.from({ length: count }, (_, index) => {
    const id = index + 1;
    return `${JSON.stringify({ id, name: ` Customer ${id} `, email: `customer${id}@example.com`, balance: Math.floor(random() * 1e6) / 100 })}\n`;
  });
  await writeFile(path, lines.join(''));
}
