import { z } from 'zod';
import { Fault } from '../job/errors.ts';

/** The lists there are: a cursor is of one of them, and means nothing in another. */
export type CursorKind = 'event' | 'log' | 'usage' | 'attempt' | 'dependant' | 'queue' | `jobs ${string}`;

export const encodeCursor = (kind: CursorKind, ...values: (string | number)[]): string =>
  Buffer.from(JSON.stringify([kind, ...values])).toString('base64url');

/**
 * A cursor's values; undefined for none.
 *
 * @throws Fault BAD_USER_INPUT where it is of another list, or no cursor.
 */
export function decodeCursor(kind: CursorKind, cursor: string | null | undefined): (string | number)[] | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const values = VALUES[kind.split(' ')[0] as keyof typeof VALUES].safeParse(listOf(cursor, kind));
  if (values.success) return values.data;
  throw new Fault(
    'BAD_USER_INPUT',
    `the cursor "${cursor.slice(0, 100)}" is not of this list: take endCursor or cursor from an answer of the same field in the same order`,
  );
}

function listOf(cursor: string, kind: CursorKind): unknown[] | undefined {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(decoded) && decoded[0] === kind ? decoded.slice(1) : undefined;
  } catch {
    return undefined;
  }
}

const SEQ = z.int().nonnegative();
/** Of an event the journal it is of, of a job what it is sorted by. */
const VALUES = {
  event: z.tuple([z.string(), SEQ]),
  log: z.tuple([SEQ]),
  usage: z.tuple([SEQ]),
  attempt: z.tuple([SEQ]),
  dependant: z.tuple([z.string()]),
  queue: z.tuple([z.string()]),
  jobs: z.tuple([z.int(), z.string()]),
};

/** @throws Fault BAD_USER_INPUT where a page size is out of bounds. */
export function pageSize(first: number, most: number = MAX_PAGE): number {
  if (first < 1 || first > most) throw new Fault('BAD_USER_INPUT', `first: ${first} is out of bounds: 1 to ${most}`);
  return first;
}

/** One page of rows that were read one more than asked for. */
export function pageOf<Row>(rows: Row[], first: number, after: string | null | undefined, cursorOf: (row: Row) => string) {
  const nodes = rows.slice(0, first);
  return {
    nodes,
    edges: nodes.map((node) => ({ node, cursor: cursorOf(node) })),
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: typeof after === 'string',
      startCursor: nodes.length > 0 ? cursorOf(nodes[0]!) : null,
      endCursor: nodes.length > 0 ? cursorOf(nodes.at(-1)!) : null,
    },
  };
}

export const MAX_PAGE = 100;
