import { DefaultLogger, type Logger as SdkLogger, type RuntimeOptions } from '@temporalio/worker';
import type { Logger } from '../log.ts';

/** What a process of the SDK's is set to: its warnings, and those of its native core, are lines of our log, and signals are ours. */
export const runtimeOptions = (log: Logger): RuntimeOptions => ({
  logger: temporalLogger(log),
  // Not forwarded, the core writes coloured text to stdout.
  telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  shutdownSignals: [],
});

/**
 * The SDK's warnings in our log, but for those that say what is meant to be so. While Temporal is away each poller of the core says so
 * about once a second, with how often it has tried: what is said again is counted, and told once a minute.
 */
export function temporalLogger(log: Logger, now: () => number = Date.now): SdkLogger {
  const told = new Map<string, { at: number; left: number }>();
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (MEANT.has(message)) return;
    const { error, ...fields } = meta ?? {};
    const line = { ...pick(fields), ...(error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) }) };
    const key = JSON.stringify([message.replaceAll(/\d+/g, '#'), line]);
    const last = told.get(key);
    if (last && now() - last.at < AGAIN_MS) return void (last.left += 1);
    if (told.size >= MAX_TOLD) told.clear();
    told.set(key, { at: now(), left: 0 });
    const whole = { ...line, ...(last?.left ? { repeated: last.left } : {}) };
    if (level === 'ERROR') log.error(whole, message);
    else log.warn(whole, message);
  });
}

const pick = (meta: object): object =>
  Object.fromEntries(
    Object.entries(meta).filter(([key, value]) => ['workflowId', 'activityId', 'taskQueue'].includes(key) && typeof value === 'string'),
  );

/** How an attempt ends is the job's to say, and a worker of attempts has no workflows. */
const MEANT = new Set(['Activity failed', 'No workflows registered, not polling for workflow tasks']);
const AGAIN_MS = 60_000;
const MAX_TOLD = 1_000;
