import type { Wake } from '../wake.ts';

/**
 * What is read as a whole at every change, and not more often than every 200 ms: sent now, and again whenever `stateOf` it
 * is another.
 */
export async function* whenOther<T>(wake: Wake, read: () => Promise<T>, stateOf: (whole: T) => unknown = (whole) => whole) {
  let seen: string | undefined;
  do {
    const whole = await read();
    // Nothing at all is a state as well.
    const state = JSON.stringify(stateOf(whole) ?? null);
    if (state !== seen) yield whole;
    seen = state;
  } while (await wake.next(PAUSE_MS));
}

const PAUSE_MS = 200;
