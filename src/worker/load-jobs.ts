import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hooks, JobDefinition, Json } from '../index.ts';
import { within } from '../process/within.ts';
import { describeType } from './describe-type.ts';
import type { Loaded } from './protocol.ts';

export type LoadedJobs = Loaded & { definitions: Map<string, JobDefinition>; hooks: Hooks[] };

export type LoadOptions = {
  jobsDir: string;
  /** Undefined or empty: `millrace.yaml` of the working directory, if it is there. */
  commandsFile?: string | undefined;
  /** Files that are known to end or to block the process that loads them. */
  skip?: readonly string[];
  /** Told before each file, so that the one that ends or blocks the process is known. */
  onLoading?: (file: string) => void;
};

/**
 * Loads the modules of the jobs folder and the commands of `millrace.yaml`, and warms the types up. Runs in a runner only: a
 * module that throws, or never ends, must not harm the supervisor. What cannot be used is named in `problems`; the others are served.
 */
export async function loadJobs({ jobsDir, commandsFile, skip = [], onLoading = () => {} }: LoadOptions): Promise<LoadedJobs> {
  const loaded: LoadedJobs = { definitions: new Map(), hooks: [], types: [], problems: [] };
  for (const file of modulesIn(jobsDir, loaded.problems)) {
    if (skip.includes(file)) continue;
    onLoading(file);
    try {
      const module = (await import(pathToFileURL(join(jobsDir, file)).href)) as { default?: JobDefinition | Hooks };
      const exported = module.default;
      if (!exported) throw new Error('it has no default export; write `export default defineJob({ … })`');
      if (isHooks(exported)) loaded.hooks.push(exported);
      else {
        add(loaded, exported);
        await warmUp(exported, file, loaded.problems);
      }
    } catch (error) {
      loaded.problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const commands = commandsFile || resolve('millrace.yaml');
  if (!skip.includes(commands) && (commandsFile || existsSync(commands))) {
    onLoading(commands);
    await loadCommands(commands, loaded);
  }
  return loaded;
}

function modulesIn(dir: string, problems: string[]): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => /\.(ts|mts|js|mjs)$/.test(name) && !name.endsWith('.d.ts'))
      .sort();
  } catch (error) {
    problems.push(`the jobs folder ${dir} cannot be read: ${(error as Error).message}`);
    return [];
  }
}

async function loadCommands(file: string, loaded: LoadedJobs): Promise<void> {
  // Only who has commands pays for what reads them.
  const { readCommands } = await import('./commands.ts');
  const { commands, problems } = readCommands(file);
  loaded.problems.push(...problems);
  for (const { definition, payloadSchema, at } of commands) {
    try {
      add(loaded, definition, payloadSchema);
    } catch (error) {
      loaded.problems.push(`${at}: ${(error as Error).message}`);
    }
  }
}

function add({ definitions, types }: LoadedJobs, definition: JobDefinition, payloadSchema?: Json): void {
  const type = describeType(definition, payloadSchema);
  if (definitions.has(type.name)) throw new Error(`another module has the type ${type.name} already`);
  definitions.set(type.name, definition);
  types.push(type);
}

/** One that hangs is left to itself: its type may be of use all the same. */
async function warmUp(definition: JobDefinition, file: string, problems: string[]): Promise<void> {
  if (!definition.warmUp) return;
  try {
    const warming = Promise.resolve(definition.warmUp());
    if (!(await within(WARM_UP_MS, warming))) problems.push(`${file}: its warmUp has not ended within ${WARM_UP_MS / 1_000} s`);
    else await warming;
  } catch (error) {
    problems.push(`${file}: its warmUp failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** By its mark and not by what it holds: see `defineHooks`. */
const isHooks = (exported: JobDefinition | Hooks): exported is Hooks =>
  typeof exported === 'object' && Symbol.for('millrace.hooks') in exported;

const WARM_UP_MS = 10_000;
