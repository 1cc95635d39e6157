/**
 * The old generation (`--max-old-space-size`) of a process with a memory limit: so much under it that its heap is full first,
 * and Node ends it with a message that says so. Beside it there are Node itself, about 64 MiB, a young generation of up to 48,
 * and what V8 takes more before it gives up; in a large heap, some of it in pieces.
 */
export const heapUnder = (limitBytes: number): number =>
  Math.max(LEAST_BYTES, LEAST_SHARE * limitBytes, Math.min(limitBytes - BESIDE_BYTES, MOST_SHARE * limitBytes));

const LEAST_BYTES = 32 * 2 ** 20;
const BESIDE_BYTES = 160 * 2 ** 20;
const LEAST_SHARE = 0.5;
const MOST_SHARE = 0.9;
