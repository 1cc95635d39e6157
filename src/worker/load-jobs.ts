import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { JobDefaults, JobDefinition, Json } from '../index.ts';
import { parseDuration } from '../job/duration.ts';
import { isName, NAME_RULE } from '../job/ids.ts';
import type { TypeDefaults } from '../journal/entries.ts';
import type { LoadedType } from './protocol.ts';

export type LoadedJobs = { definitions: Map<string, JobDefinition>; types: LoadedType[]; problems: string[] };

/**
 * Imports every module of the jobs folder. Runs in a runner only: a module that throws, or never ends, must not harm the
 * supervisor. What cannot be used is named in `problems`; the others are served.
 */
export async function loadJobs(dir: string): Promise<LoadedJobs> {
  const loaded: LoadedJobs = { definitions: new Map(), types: [], problems: [] };
  let files: string[];
  try {
    files = readdirSync(dir).filter((name) => /\.(ts|mts|js|mjs)$/.test(name) && !name.endsWith('.d.ts'));
  } catch (error) {
    loaded.problems.push(`the jobs folder ${dir} cannot be read: ${(error as Error).message}`);
    return loaded;
  }
  for (const file of files.sort()) {
    try {
      const module = (await import(pathToFileURL(join(dir, file)).href)) as { default?: JobDefinition };
      const definition = module.default;
      if (!definition) throw new Error('it has no default export; write `export default defineJob({ … })`');
      const type = describe(definition);
      if (loaded.definitions.has(type.name)) throw new Error(`another module has the type ${type.name} already`);
      loaded.definitions.set(type.name, definition);
      loaded.types.push(type);
    } catch (error) {
      loaded.problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return loaded;
}

function describe(definition: JobDefinition): LoadedType {
  if (!isName(definition.name)) throw new Error(`its name "${definition.name}" is not allowed: ${NAME_RULE}`);
  if (typeof definition.run !== 'function') throw new Error('it has no run function');
  return {
    name: definition.name,
    description: definition.description ?? null,
    payloadSchema: z.toJSONSchema(definition.payload, { io: 'input' }) as Json,
    defaults: readDefaults(definition.defaults ?? {}),
  };
}

function readDefaults({ queue, pool, priority, timeout, grace, retry, maxHalts }: JobDefaults): TypeDefaults {
  const { delay, maxDelay, ...counts } = retry ?? {};
  return {
    ...defined({ queue, pool, priority, maxHalts, timeoutMs: readDuration('timeout', timeout), graceMs: readDuration('grace', grace) }),
    ...(retry
      ? { retry: defined({ ...counts, delayMs: readDuration('retry.delay', delay), maxDelayMs: readDuration('retry.maxDelay', maxDelay) }) }
      : {}),
  };
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
