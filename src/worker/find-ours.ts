import { registerHooks } from 'node:module';

/**
 * From here on, job modules find what each of them imports also where it is not installed for them: a jobs folder may be anywhere. A copy
 * that is installed for them wins.
 */
export function findOurs(): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (!OURS.has(specifier)) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}

const OURS = new Set(['millrace', 'millrace/testing', 'zod']);
