import { join } from 'node:path';
import { parse } from 'yaml';

/** The one source of these settings: the server reads it, the CLI is given its values, production copies it. */
export const DYNAMIC_CONFIG_FILE = join(import.meta.dirname, '../../../deploy/temporal/dynamicconfig.yaml');

/**
 * The settings of a dynamic config file as the CLI's `--dynamic-config-value KEY=JSON`.
 *
 * @throws Error for a setting with constraints or several values, which a command line cannot say.
 */
export function dynamicConfigArgs(yamlText: string): string[] {
  const settings: unknown = parse(yamlText) ?? {};
  return Object.entries(settings as object).flatMap(([key, entries]: [string, unknown]) => {
    const [entry, ...more]: unknown[] = Array.isArray(entries) ? entries : [];
    if (!isPlainValue(entry) || more.length > 0) {
      throw new Error(`dynamic config ${key}: only [{ value: … }] can be given to the Temporal CLI, not ${JSON.stringify(entries)}`);
    }
    // JSON, so that a duration gets its quotes: a bare 50ms is refused.
    return ['--dynamic-config-value', `${key}=${JSON.stringify(entry.value)}`];
  });
}

const isPlainValue = (entry: unknown): entry is { value: unknown } =>
  typeof entry === 'object' && entry !== null && Object.keys(entry).join() === 'value';
