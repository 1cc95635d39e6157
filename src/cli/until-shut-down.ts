import { within } from '../process/within.ts';

/**
 * Waits until a Temporal worker that was told to shut down has. Without Temporal its SDK takes minutes for that, so it is waited for
 * no longer than {@link PATIENCE_MS} after there was something in it that is to come to its end.
 *
 * @returns false where it has not: the process may end all the same.
 */
export async function untilShutDown(running: Promise<unknown>, isBusy: () => boolean = () => false): Promise<boolean> {
  for (let idleSince = Date.now(); Date.now() - idleSince < PATIENCE_MS;) {
    if (await within(LOOK_MS, running)) return true;
    if (isBusy()) idleSince = Date.now();
  }
  return false;
}

const PATIENCE_MS = 5_000;
const LOOK_MS = 200;
