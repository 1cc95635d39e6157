import { bounded } from './bounded.ts';
import { UserError } from './errors.ts';
import { type Limits, PRODUCT_DEFAULTS } from './spec.ts';

/** Limits as they are asked for: what is not set is left to somebody else. */
export type WantedLimits = { [Key in keyof Limits]?: Limits[Key] | undefined };

/** A job's limits, each its own, else the type's. They are not checked. */
export function limitsFrom(own: WantedLimits, type: WantedLimits): Limits {
  const product = PRODUCT_DEFAULTS.options.limits;
  return {
    memoryBytes: own.memoryBytes ?? type.memoryBytes ?? product.memoryBytes,
    cpuSeconds: own.cpuSeconds ?? type.cpuSeconds ?? product.cpuSeconds,
    cpuPercent: own.cpuPercent ?? type.cpuPercent ?? product.cpuPercent,
    onMemoryLimit: own.onMemoryLimit ?? type.onMemoryLimit ?? product.onMemoryLimit,
  };
}

/** @throws UserError INVALID_ARGUMENT with the path of what is out of bounds. */
export function checkLimits({ memoryBytes, cpuSeconds, cpuPercent, onMemoryLimit }: Limits): void {
  bounded('limits.memoryBytes', 'at least 16 MiB', memoryBytes, MIN_MEMORY_BYTES);
  bounded('limits.cpuSeconds', 'at least 0.1', cpuSeconds, 0.1);
  bounded('limits.cpuPercent', 'at least 1', cpuPercent, 1);
  if (!onMemoryLimit) return;
  if (memoryBytes === null)
    throw new UserError('INVALID_ARGUMENT', 'onMemoryLimit says what follows when memoryBytes is passed: give that as well', {
      path: ['limits', 'onMemoryLimit'],
    });
  bounded('limits.onMemoryLimit.retryWith', 'a number from 1.1 to 100', onMemoryLimit.retryWith, 1.1, 100);
  bounded('limits.onMemoryLimit.upTo', 'at least the limit that it is to grow from', onMemoryLimit.upTo, memoryBytes);
}

/** Less than half of what a process takes before it has done anything. */
const MIN_MEMORY_BYTES = 16 * 2 ** 20;
