import { z } from 'zod';
import type { JobDefaults } from '../index.ts';
import { parseBytes } from '../job/bytes.ts';
import { parseDuration } from '../job/duration.ts';
import { isName, NAME_RULE } from '../job/ids.ts';

const name = z.string().refine(isName, `not allowed: ${NAME_RULE}`);
const duration = z.string().refine((text) => parseDuration(text) !== undefined, 'no duration such as 250ms, 30s or 1h30m');
const count = z.int().min(0);
const bytes = z.union([z.int().min(1), z.string().refine((text) => parseBytes(text) !== undefined, 'no size such as 512MiB or 2GB')]);

/** The defaults of a type, for who writes them without a compiler. */
export const defaultsSchema = z.strictObject({
  queue: name.optional(),
  pool: name.optional(),
  priority: z.int().min(1).max(10).optional(),
  timeout: duration.optional(),
  grace: duration.optional(),
  retry: z
    .strictObject({
      maxAttempts: z.int().min(1).optional(),
      delay: duration.optional(),
      backoff: z.number().min(1).optional(),
      maxDelay: duration.optional(),
      jitter: z.boolean().optional(),
    })
    .optional(),
  maxHalts: count.optional(),
  ageAfter: duration.optional(),
  timeoutIsFinal: z.boolean().optional(),
  queueTimeout: duration.optional(),
  deadline: duration.optional(),
  onDependencyFailure: z.enum(['FAIL', 'RUN_ANYWAY']).optional(),
  onLost: z.enum(['RUN_AGAIN', 'FAIL']).optional(),
  exclusive: z.boolean().optional(),
  concurrency: z.strictObject({ key: z.string().min(1), limit: z.int().min(1) }).optional(),
  limits: z
    .strictObject({
      memoryBytes: bytes.optional(),
      cpuSeconds: z.number().optional(),
      cpuPercent: z.number().optional(),
      onMemoryLimit: z.strictObject({ retryWith: z.number(), upTo: bytes }).optional(),
    })
    .optional(),
  rollback: z.boolean().optional(),
  failover: name.optional(),
} satisfies { [Name in keyof Required<JobDefaults>]: z.ZodType });
