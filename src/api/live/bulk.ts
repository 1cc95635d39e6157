import { type BulkRow, readBulk } from '../../journal/read-bulk.ts';
import { endable, type Wake } from '../wake.ts';
import type { Source } from './source.ts';
import { whenOther } from './whole.ts';

/** A bulk operation, now and whenever it has come on, until it has ended; null where there is none. */
export function followBulk(source: Source, id: string): AsyncGenerator<BulkRow | null> {
  return endable(source.wake(), (wake) => untilEnded(source, id, wake));
}

async function* untilEnded(source: Source, id: string, wake: Wake): AsyncGenerator<BulkRow | null> {
  for await (const row of whenOther(wake, () => source.read((db) => readBulk(db, id)))) {
    yield row ?? null;
    if (row?.status !== 'RUNNING') return;
  }
}
