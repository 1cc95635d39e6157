import type { Json } from '../index.ts';
import { PRIORITY } from '../job/bands.ts';
import { MAX_DURATION_MS } from '../job/duration.ts';
import { UserError } from '../job/errors.ts';
import { isJobId, isName, JOB_ID_RULE, NAME_RULE, newJobId } from '../job/ids.ts';
import { checkOptions, optionsFrom, type WantedOptions } from '../job/options.ts';
import { LIMITS, PRODUCT_DEFAULTS, type JobOptions, type JobSpec } from '../job/spec.ts';
import type { PublishedType } from '../journal/entries.ts';
import type { CreateJobInput } from './schema.gen.ts';

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
    options: { ...checkOptions(optionsFrom(wanted(input), defaults)), startAt: readStart(input, nowMs) },
    dependencies: readDependencies(input.dependencies ?? []),
    hold: input.hold ?? false,
    steps: type.steps ?? [],
    isQueueGated: false,
    createdAt: nowMs,
  };
}

/** A type's options for a job that sets nothing itself, as they were published: workers check them. */
export const defaultOptions = ({ defaults }: PublishedType): JobOptions => optionsFrom({}, defaults);

export function readPriority(priority: number): number {
  if (Number.isInteger(priority) && priority >= PRIORITY.min && priority <= PRIORITY.max) return priority;
  throw new UserError('INVALID_ARGUMENT', `priority ${priority} is out of bounds: ${PRIORITY.min} to ${PRIORITY.max}`, {
    path: ['priority'],
  });
}

/** The input's options by the names they have in a job. */
function wanted({ timeout, queueTimeout, deadline, ageAfter, grace, retry, concurrency, ...plain }: CreateJobInput): WantedOptions {
  return {
    ...plain,
    timeoutMs: timeout,
    queueTimeoutMs: queueTimeout,
    deadlineMs: deadline,
    ageAfterMs: ageAfter,
    graceMs: grace,
    retry: retry && { ...retry, delayMs: retry.delay, maxDelayMs: retry.maxDelay },
    concurrency: concurrency && { key: concurrency.key, limit: concurrency.limit ?? 1 },
  };
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
