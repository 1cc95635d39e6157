import { within } from '../process/within.ts';
import type { Entry } from './entries.ts';
import type { Journal } from './journal.ts';

/**
 * Written before we go on, but a journal that is down or locked stops nothing: who has waited in vain once does not wait again.
 *
 * @returns false where it is only told, to be written when that can be done.
 */
export async function recordBriefly({ writer }: Pick<Journal, 'writer'>, entry: Entry): Promise<boolean> {
  if (!writer.isBehind) return within(JOURNAL_WAIT_MS, writer.write(entry));
  writer.tell(entry);
  return false;
}

const JOURNAL_WAIT_MS = 50;
