import { z } from 'zod';
import type { JobDefaults, JobDefinition, JobStep, Json } from '../index.ts';
import { parseBytes } from '../job/bytes.ts';
import { parseDuration } from '../job/duration.ts';
import { isName, NAME_RULE } from '../job/ids.ts';
import { checkOptions, optionsFrom } from '../job/options.ts';
import type { Limits } from '../job/spec.ts';
import type { TypeDefaults } from '../journal/entries.ts';
import { defaultsSchema } from './defaults-schema.ts';
import type { LoadedType } from './protocol.ts';

/** What a worker publishes of a type. @throws Error that says what is wrong with it: a module is not bound by our types. */
export function describeType(definition: JobDefinition, payloadSchema?: Json): Omit<LoadedType, 'file'> {
  const {
    name,
    description,
    payload,
    defaults = {},
    run,
    steps = [],
    reuse = true,
  } = definition as Omit<JobDefinition, 'run' | 'steps'> & { run?: unknown; steps?: readonly JobStep<unknown>[] };
  if (!isName(name)) throw new Error(`its name "${name}" is not allowed: ${NAME_RULE}`);
  if ((typeof run === 'function') === steps.length > 0) throw new Error('it must have a run function or steps, and not both');
  if (steps.length > 0 && defaults.failover) throw new Error('a type with steps cannot have a failover: what is done is undone instead');
  for (const [index, step] of steps.entries()) {
    if (!isName(step.name ?? '')) throw new Error(`the name "${step.name ?? ''}" of its step ${index + 1} is not allowed: ${NAME_RULE}`);
    if (typeof step.run !== 'function') throw new Error(`its step ${step.name} has no run function`);
    if (steps.findIndex(({ name }) => name === step.name) < index) throw new Error(`it has two steps with the name ${step.name}`);
  }
  return {
    name,
    description: description ?? null,
    payloadSchema: payloadSchema ?? (z.toJSONSchema(payload, { io: 'input' }) as Json),
    defaults: checkedDefaults(defaults),
    steps: steps.map((step) => ({ name: step.name, hasUndo: step.undo !== undefined })),
    reuse,
  };
}

/** Checked as they are for a job that sets none itself. @throws Error with the field, its value and its bounds. */
function checkedDefaults(defaults: JobDefaults): TypeDefaults {
  const read = readDefaults(defaults);
  const [issue] = defaultsSchema.safeParse(defaults).error?.issues ?? [];
  if (issue) throw new Error(`${['defaults', ...issue.path].join('.')} ${JSON.stringify(valueAt(defaults, issue.path))}: ${issue.message}`);
  try {
    checkOptions(optionsFrom({}, read));
  } catch (error) {
    throw new Error(`defaults: ${(error as Error).message}`, { cause: error });
  }
  return read;
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], value);

function readDefaults({ timeout, queueTimeout, deadline, grace, ageAfter, retry, limits, ...plain }: JobDefaults): TypeDefaults {
  const { delay, maxDelay, ...counts } = retry ?? {};
  return {
    ...defined({
      ...plain,
      timeoutMs: readDuration('timeout', timeout),
      queueTimeoutMs: readDuration('queueTimeout', queueTimeout),
      deadlineMs: readDuration('deadline', deadline),
      graceMs: readDuration('grace', grace),
      ageAfterMs: readDuration('ageAfter', ageAfter),
      limits: limits && readLimits(limits),
    }),
    ...(retry
      ? { retry: defined({ ...counts, delayMs: readDuration('retry.delay', delay), maxDelayMs: readDuration('retry.maxDelay', maxDelay) }) }
      : {}),
  };
}

function readLimits({ memoryBytes, onMemoryLimit, ...plain }: NonNullable<JobDefaults['limits']>): Partial<Limits> {
  return defined({
    ...plain,
    memoryBytes: readBytes('memoryBytes', memoryBytes),
    onMemoryLimit: onMemoryLimit && {
      retryWith: onMemoryLimit.retryWith,
      upTo: readBytes('onMemoryLimit.upTo', onMemoryLimit.upTo)!,
    },
  });
}

function readBytes(name: string, size: number | string | undefined): number | undefined {
  if (size === undefined) return undefined;
  const bytes = typeof size === 'string' ? parseBytes(size) : size;
  if (bytes === undefined) throw new Error(`defaults.limits.${name} "${size}" is no size such as 512MiB or 2GB`);
  return bytes;
}

function readDuration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`defaults.${name} "${text}" is no duration such as 250ms, 30s or 1h30m`);
  return ms;
}

/** The fields that are set. */
const defined = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
