import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * Structured lines on stderr: a role's name on each, job and worker ids where a line is about one. `onError` hears
 * what a person in front of the terminal should hear too.
 */
export const openLog = (role: string, onError: (message: string) => void = () => {}): Logger =>
  pino(
    {
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod(args, method, level) {
          const message = args.at(-1);
          if (level >= ERROR && typeof message === 'string') onError(message);
          method.apply(this, args);
        },
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );

const ERROR = 50;
