import { bounded } from './bounded.ts';
import { UserError } from './errors.ts';
import { type Limits, PRODUCT_DEFAULTS } from './spec.ts';

/** Limits as they are asked for: what is not set is left to somebody else. */
export type WantedLimits = { [Key in keyof Limits]?: Limits[Key] | undefined };

/** A job's limits, each its own, else the type's. @throws UserError INVALID_ARGUMENT with the path of what is out of bounds. */
export function limitsFrom(own: WantedLimits, type: WantedLimits): Limits {
  const product = PRODUCT_DEFAULTS.options.limits;
  const memoryBytes = own.memoryBytes ?? type.memoryBytes ?? product.memoryBytes;
  return {
    memoryBytes: bounded('limits.memoryBytes', 'at least 16 MiB', memoryBytes, MIN_MEMORY_BYTES),
    cpuSeconds: bounded('limits.cpuSeconds', 'at least 0.1', own.cpuSeconds ?? type.cpuSeconds ?? product.cpuSeconds, 0.1),
    cpuPercent: bounded('limits.cpuPercent', 'at least 1', own.cpuPercent ?? type.cpuPercent ?? product.cpuPercent, 1),
    onMemoryLimit: moreMemory(own.onMemoryLimit ?? type.onMemoryLimit ?? product.onMemoryLimit, memoryBytes),
  };
}

function moreMemory(policy: Limits['onMemoryLimit'], memoryBytes: number | null): Limits['onMemoryLimit'] {
  if (!policy) return null;
  if (memoryBytes === null)
    throw new UserError('INVALID_ARGUMENT', 'onMemoryLimit says what follows when memoryBytes is passed: give that as well', {
      path: ['limits', 'onMemoryLimit'],
    });
  return {
    retryWith: bounded('limits.onMemoryLimit.retryWith', 'a number from 1.1 to 100', policy.retryWith, 1.1, 100),
    upTo: bounded('limits.onMemoryLimit.upTo', 'at least the limit that it is to grow from', policy.upTo, memoryBytes),
  };
}

/** Less than half of what a process takes before it has done anything. */
const MIN_MEMORY_BYTES = 16 * 2 ** 20;
