import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { defineJob } from 'millrace';
import type { AvifOptions, JpegOptions, PngOptions, Sharp, WebpOptions } from 'sharp';
import { z } from 'zod';

export default defineJob({
  name: 'image.resize',
  description: 'Shrinks an image and searches for the smallest file that still looks like it. Writes it next to the original.',
  payload: z.strictObject({
    imagePath: z.string().min(1).describe('The image file: JPEG, PNG, WebP, AVIF, TIFF, GIF or SVG.'),
    targetSize: z
      .strictObject({
        width: z.int().min(1).max(8192).describe('In pixels.'),
        height: z.int().min(1).max(8192).describe('In pixels.'),
      })
      .describe('The box the picture is made to fit in; it keeps its proportions.'),
    format: z.enum(['jpeg', 'png', 'webp', 'avif']).describe('Format of the new file.'),
    cpuMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(1100)
      .describe('CPU time to search for, in milliseconds. At least one setting is tried, and none twice.'),
  }),
  defaults: { queue: 'images' },
  run: async ({ payload: { imagePath, targetSize, format, cpuMs }, signal, log, progress }) => {
    const before = process.cpuUsage();
    const { default: sharp } = await import('sharp');
    // A job has one slot, so it takes one core; and the runner's next job has no use for this picture.
    sharp.concurrency(1);
    sharp.cache(false);

    const original = await readFile(imagePath);
    const picture = await pixelsOf(
      sharp(original)
        .autoOrient()
        .resize({ ...targetSize, fit: 'inside' }),
    );
    let best: Try = { file: Buffer.alloc(0), likenessDb: -Infinity };
    let tries = 0;
    for (const settings of settingsOf(format)) {
      signal.throwIfAborted();
      const file = await sharp(picture.data, { raw: picture.info }).toFormat(format, settings).toBuffer();
      const candidate = { file, likenessDb: likenessDb(picture.data, (await pixelsOf(sharp(file))).data) };
      if (isBetter(candidate, best)) best = candidate;
      tries++;
      const { user, system } = process.cpuUsage(before);
      const spentMs = (user + system) / 1000;
      if (spentMs >= cpuMs) break;
      progress(spentMs / cpuMs);
    }

    const { width, height } = picture.info;
    const outputPath = join(dirname(imagePath), `${parse(imagePath).name}-${width}x${height}.${format}`);
    await writeFile(outputPath, best.file);
    log(`the best of ${tries} tries is in ${outputPath}`);
    const newSize = best.file.length;
    return { originalSize: original.length, newSize, compressionRatio: Number((original.length / newSize).toFixed(2)) };
  },
});

type Try = { file: Buffer; likenessDb: number };

/** Always three channels of a byte, so that two pictures can be compared value by value. */
const pixelsOf = (image: Sharp) => image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });

/** Coarse steps first, so that a search that ends early has seen the whole range. */
function settingsOf(format: 'jpeg' | 'png' | 'webp' | 'avif'): (JpegOptions & PngOptions & WebpOptions & AvifOptions)[] {
  // PNG loses nothing: only how it is packed can differ.
  if (format === 'png')
    return [true, false].flatMap((adaptiveFiltering) => PNG_LEVELS.map((compressionLevel) => ({ adaptiveFiltering, compressionLevel })));
  const qualities = new Set<number>();
  for (const step of [16, 8, 4, 2, 1]) for (let quality = 94; quality >= 30; quality -= step) qualities.add(quality);
  return Array.from(qualities, (quality) => ({ ...EFFORT[format], quality }));
}

/** Peak signal-to-noise ratio; infinite when nothing was lost. */
function likenessDb(picture: Buffer, other: Buffer): number {
  let squares = 0;
  for (let i = 0; i < picture.length; i++) squares += (picture[i]! - other[i]!) ** 2;
  return 10 * Math.log10((255 ** 2 * picture.length) / squares);
}

/** The smaller file where both look right, else the one that looks better. */
const isBetter = (candidate: Try, best: Try): boolean =>
  Math.min(candidate.likenessDb, best.likenessDb) >= LOOKS_RIGHT_DB
    ? candidate.file.length < best.file.length
    : candidate.likenessDb > best.likenessDb;

const LOOKS_RIGHT_DB = 36;

const PNG_LEVELS = [9, 6, 3, 8, 7, 5, 4, 2, 1];

const EFFORT = { jpeg: { mozjpeg: true }, webp: { effort: 5 }, avif: { effort: 2 } };
