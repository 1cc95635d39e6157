import type { Json } from '../index.ts';
import { PRIORITY } from '../job/bands.ts';
import { bounded } from '../job/bounded.ts';
import { MAX_DURATION_MS } from '../job/duration.ts';
import { UserError } from '../job/errors.ts';
import { isJobId, isName, JOB_ID_RULE, NAME_RULE, newJobId } from '../job/ids.ts';
import { limitsFrom } from '../job/limits.ts';
import { LIMITS, PRODUCT_DEFAULTS, type JobOptions, type JobSpec } from '../job/spec.ts';
import type { PublishedType } from '../journal/entries.ts';
import type { ConcurrencyInput, CreateJobInput } from './schema.gen.ts';

/**
 * What a client asked for, as a job is created with: checked, and defaults filled in (the job's own, else the type's,
 * else the product's). The payload is checked elsewhere.
 *
 * @throws UserError INVALID_ARGUMENT with the path of what is out of bounds.
 */
export function specOf(input: CreateJobInput, type: PublishedType, nowMs = Date.now()): JobSpec {
  const { defaults } = type;
  return {
    id: readId(input.id),
    type: type.name,
    payload: input.payload ?? null,
    queue: readName('queue', input.queue ?? defaults.queue ?? PRODUCT_DEFAULTS.queue),
    pool: readName('pool', input.pool ?? defaults.pool ?? PRODUCT_DEFAULTS.pool),
    priority: readPriority(input.priority ?? defaults.priority ?? PRIORITY.regular),
    tags: readTags(input.tags ?? []),
    metadata: readMetadata(input.metadata ?? null),
    options: { ...readOptions(input, type), startAt: readStart(input, nowMs) },
    dependencies: readDependencies(input.dependencies ?? []),
    hold: input.hold ?? false,
    steps: type.steps ?? [],
    isQueueGated: false,
    createdAt: nowMs,
  };
}

/** A type's options for a job that sets nothing itself. */
export const defaultOptions = (type: PublishedType): JobOptions => readOptions({}, type);

export function readPriority(priority: number): number {
  if (Number.isInteger(priority) && priority >= PRIORITY.min && priority <= PRIORITY.max) return priority;
  throw new UserError('INVALID_ARGUMENT', `priority ${priority} is out of bounds: ${PRIORITY.min} to ${PRIORITY.max}`, {
    path: ['priority'],
  });
}

function readOptions(input: Partial<CreateJobInput>, { defaults }: PublishedType): JobOptions {
  const product = PRODUCT_DEFAULTS.options;
  const retry = input.retry ?? {};
  const length = 'a length of time above 0';
  return {
    startAt: null,
    timeoutMs: bounded('timeout', length, input.timeout ?? defaults.timeoutMs ?? product.timeoutMs, 1),
    timeoutIsFinal: defaults.timeoutIsFinal ?? product.timeoutIsFinal,
    queueTimeoutMs: bounded('queueTimeout', length, input.queueTimeout ?? defaults.queueTimeoutMs ?? product.queueTimeoutMs, 1),
    deadlineMs: bounded('deadline', length, input.deadline ?? defaults.deadlineMs ?? product.deadlineMs, 1),
    onDependencyFailure: input.onDependencyFailure ?? defaults.onDependencyFailure ?? product.onDependencyFailure,
    onLost: input.onLost ?? defaults.onLost ?? product.onLost,
    exclusive: input.exclusive ?? defaults.exclusive ?? product.exclusive,
    concurrency: readConcurrency(input.concurrency ?? defaults.concurrency ?? product.concurrency),
    limits: limitsFrom(input.limits ?? {}, defaults.limits ?? {}),
    rollback: input.rollback ?? defaults.rollback ?? product.rollback,
    failover: defaults.failover ?? product.failover,
    ageAfterMs: input.ageAfter ?? defaults.ageAfterMs ?? product.ageAfterMs,
    graceMs: input.grace ?? defaults.graceMs ?? product.graceMs,
    retry: {
      maxAttempts: bounded(
        'retry.maxAttempts',
        'a whole number from 1 to 10000',
        retry.maxAttempts ?? defaults.retry?.maxAttempts ?? product.retry.maxAttempts,
        1,
        10_000,
      ),
      delayMs: retry.delay ?? defaults.retry?.delayMs ?? product.retry.delayMs,
      backoff: bounded(
        'retry.backoff',
        'a number from 1 to 100',
        retry.backoff ?? defaults.retry?.backoff ?? product.retry.backoff,
        1,
        100,
      ),
      maxDelayMs: retry.maxDelay ?? defaults.retry?.maxDelayMs ?? product.retry.maxDelayMs,
      jitter: retry.jitter ?? defaults.retry?.jitter ?? product.retry.jitter,
    },
    maxHalts: bounded('maxHalts', 'a whole number from 0 to 1000', input.maxHalts ?? defaults.maxHalts ?? product.maxHalts, 0, 1_000),
  };
}

function readConcurrency(concurrency: ConcurrencyInput | null): JobOptions['concurrency'] {
  if (!concurrency) return null;
  const { key, limit = 1 } = concurrency;
  if (key.length === 0 || key.length > LIMITS.keyLength)
    throw new UserError('INVALID_ARGUMENT', `the concurrency key has ${key.length} characters: 1 to ${LIMITS.keyLength}`, {
      path: ['concurrency', 'key'],
    });
  // It becomes part of a workflow id.
  if (!key.isWellFormed() || /\p{Cc}/u.test(key))
    throw new UserError('INVALID_ARGUMENT', 'the concurrency key has control characters, or is no well-formed Unicode', {
      path: ['concurrency', 'key'],
    });
  return { key, limit: bounded('concurrency.limit', 'a whole number from 1 to 100000', limit, 1, 100_000) };
}

function readId(id: string | null | undefined): string {
  if (id === null || id === undefined) return newJobId();
  if (!isJobId(id))
    throw new UserError('INVALID_ARGUMENT', `the id "${id.slice(0, 220)}" is not allowed: ${JOB_ID_RULE}`, { path: ['id'] });
  return id;
}

function readName(field: string, name: string): string {
  if (!isName(name))
    throw new UserError('INVALID_ARGUMENT', `the ${field} "${name.slice(0, 120)}" is not allowed: ${NAME_RULE}`, { path: [field] });
  return name;
}

function readStart({ startAt, delay }: CreateJobInput, nowMs: number): number | null {
  if (startAt && typeof delay === 'number')
    throw new UserError('INVALID_ARGUMENT', 'startAt and delay both say when to start: give one of them', { path: ['delay'] });
  if (typeof delay === 'number') return nowMs + delay;
  if (!startAt) return null;
  const at = startAt.getTime();
  if (at > nowMs + MAX_DURATION_MS)
    throw new UserError('INVALID_ARGUMENT', `startAt ${startAt.toISOString()} is more than ten years from now`, { path: ['startAt'] });
  return at;
}

function readDependencies(ids: readonly string[]): string[] {
  if (ids.length > LIMITS.dependencies)
    throw new UserError('INVALID_ARGUMENT', `${ids.length} dependencies, ${LIMITS.dependencies} are allowed`, { path: ['dependencies'] });
  const bad = ids.findIndex((id) => !isJobId(id));
  if (bad >= 0)
    throw new UserError('INVALID_ARGUMENT', `the id "${ids[bad]!.slice(0, 220)}" is not allowed: ${JOB_ID_RULE}`, {
      path: ['dependencies', bad],
    });
  return [...new Set(ids)];
}

function readTags(tags: readonly string[]): string[] {
  if (tags.length > LIMITS.tags)
    throw new UserError('INVALID_ARGUMENT', `${tags.length} tags, ${LIMITS.tags} are allowed`, { path: ['tags'] });
  const bad = tags.findIndex((tag) => tag.length === 0 || tag.length > LIMITS.tagLength);
  if (bad >= 0)
    throw new UserError(
      'INVALID_ARGUMENT',
      `the tag "${tags[bad]!.slice(0, 80)}" has ${tags[bad]!.length} characters: 1 to ${LIMITS.tagLength}`,
      { path: ['tags', bad] },
    );
  return [...new Set(tags)];
}

function readMetadata(metadata: Json): Json {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > LIMITS.metadataBytes)
    throw new UserError('INVALID_ARGUMENT', `the metadata has ${bytes} bytes of JSON, ${LIMITS.metadataBytes} are allowed`, {
      path: ['metadata'],
    });
  return metadata;
}
