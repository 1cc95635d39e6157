import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A namespace of Temporal. The id is Temporal's own: one that is made anew, or elsewhere, under the same name has another. */
export type Namespace = { name: string; id: string };

/** Whose jobs the journal keeps; undefined where nobody has said so yet. */
export async function readNamespace(db: Kysely<Tables>): Promise<Namespace | undefined> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', NAMESPACE).executeTakeFirst();
  return row && (JSON.parse(row.value) as Namespace);
}

/** Whoever is first has it. */
export async function recordNamespace(db: Kysely<Tables>, { name, id }: Namespace): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key: NAMESPACE, value: JSON.stringify({ name, id }) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

const NAMESPACE = 'namespace';
