import { DefaultLogger, type Logger as SdkLogger } from '@temporalio/worker';
import type { Logger } from '../log.ts';

/** The SDK's warnings in our log, but for those that say what is meant to be so. */
export function temporalLogger(log: Logger): SdkLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (MEANT.has(message)) return;
    const { error, ...fields } = meta ?? {};
    const line = { ...pick(fields), ...(error instanceof Error ? { error: error.message } : {}) };
    if (level === 'ERROR') log.error(line, message);
    else log.warn(line, message);
  });
}

const pick = (meta: object): object =>
  Object.fromEntries(
    Object.entries(meta).filter(([key, value]) => ['workflowId', 'activityId', 'taskQueue'].includes(key) && typeof value === 'string'),
  );

/** How an attempt ends is the job's to say, and a worker of attempts has no workflows. */
const MEANT = new Set(['Activity failed', 'No workflows registered, not polling for workflow tasks']);
