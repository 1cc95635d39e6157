import { DefaultLogger, type Logger as SdkLogger } from '@temporalio/worker';
import type { Logger } from '../log.ts';

/** The SDK's warnings in our log. Its reports of failed activities stay out: how an attempt ends is the job's to say. */
export function temporalLogger(log: Logger): SdkLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (message === 'Activity failed') return;
    const { error, ...fields } = meta ?? {};
    const line = { ...pick(fields), ...(error instanceof Error ? { error: error.message } : {}) };
    if (level === 'ERROR') log.error(line, message);
    else log.warn(line, message);
  });
}

const pick = (meta: object): object => Object.fromEntries(Object.entries(meta).filter(([key, value]) => ['workflowId', 'activityId', 'taskQueue'].includes(key) && typeof value === 'string'));
