import { randomBytes } from 'node:crypto';

/** The variable that a runner and all that it starts inherit, wherever they move to. */
const NAME = 'MILLRACE_RUNNER';

/**
 * How a worker's processes are known: `<worker id>/<process of that worker>/<runner>`. A beginning of it stands for more
 * of them, so that each level ends with a slash.
 */
export const ofWorker = (workerId: string): string => `${NAME}=${workerId}/`;
export const ofWorkerProcess = (workerId: string): string => `${ofWorker(workerId)}${randomBytes(8).toString('hex')}/`;
export const ofRunner = (workerProcess: string): string => `${workerProcess}${randomBytes(8).toString('hex')}/`;

/** The mark as it is put into an environment. */
export const asEnv = (mark: string): Record<string, string> => ({ [NAME]: mark.slice(NAME.length + 1) });

/** Whether an environment, as /proc has it, carries a mark that begins so. */
export const carries = (environ: string, mark: string): boolean => environ.startsWith(mark) || environ.includes(`\0${mark}`);

/** The mark in an environment. */
export function markIn(environ: string): string | undefined {
  const at = environ.startsWith(`${NAME}=`) ? 0 : environ.indexOf(`\0${NAME}=`) + 1;
  if (at === 0 && !environ.startsWith(`${NAME}=`)) return undefined;
  const end = environ.indexOf('\0', at);
  return environ.slice(at, end < 0 ? undefined : end);
}
