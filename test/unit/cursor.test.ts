import { expect, test } from 'vitest';
import { type CursorKind, decodeCursor, encodeCursor, MAX_PAGE, pageOf, pageSize } from '../../src/api/cursor.ts';
import { Fault } from '../../src/job/errors.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return (error as Fault).code;
  }
  return 'none';
};

test('a cursor gives back what it was made of, numbers as numbers', () => {
  expect(decodeCursor('event', encodeCursor('event', 'a1b2', 1_785_000_000_000_123))).toEqual(['a1b2', 1_785_000_000_000_123]);
  expect(decodeCursor('jobs PRIORITY ASC', encodeCursor('jobs PRIORITY ASC', 3, 'id:with.all-of_it'))).toEqual([3, 'id:with.all-of_it']);
});

test('no cursor is none', () => {
  expect(decodeCursor('event', undefined)).toBeUndefined();
  expect(decodeCursor('event', null)).toBeUndefined();
});

test('a cursor of another list is refused', () => {
  expect(codeOf(() => decodeCursor('log', encodeCursor('event', 'a1b2', 5)))).toBe('BAD_USER_INPUT');
  expect(codeOf(() => decodeCursor('event', encodeCursor('attempt', 1)))).toBe('BAD_USER_INPUT');
});

test('a cursor of the same list in another order is refused', () => {
  const cursor = encodeCursor('jobs CREATED_AT DESC', 5, 'a');
  expect(codeOf(() => decodeCursor('jobs CREATED_AT ASC', cursor))).toBe('BAD_USER_INPUT');
  expect(codeOf(() => decodeCursor('jobs PRIORITY DESC', cursor))).toBe('BAD_USER_INPUT');
});

test.each([
  '',
  'x',
  '%%%',
  'bnVsbA',
  Buffer.from('{"0":"log"}').toString('base64url'),
  Buffer.from('[]').toString('base64url'),
  'x'.repeat(100_000),
])('what is no cursor is refused, and not repeated at length: %.20s', (text) => {
  expect(codeOf(() => decodeCursor('log', text))).toBe('BAD_USER_INPUT');
  expect(() => decodeCursor('log', text)).toThrow(/^.{1,400}$/s);
});

test.each<[CursorKind, unknown[]]>([
  ['log', ['text']],
  ['log', []],
  ['log', [1.5]],
  ['log', [null]],
  ['attempt', ['1']],
  ['event', [5, 5]],
  ['event', ['a1b2', '5']],
  ['event', ['a1b2', -1]],
  ['jobs CREATED_AT DESC', [5]],
  ['jobs CREATED_AT DESC', ['5', 'a']],
  ['jobs CREATED_AT DESC', [5, { id: 'a' }]],
])('a cursor of the right list with other values in it is refused: %s %j', (kind, values) => {
  expect(codeOf(() => decodeCursor(kind, encodeCursor(kind, ...(values as string[]))))).toBe('BAD_USER_INPUT');
});

test('a page holds 1 to 100', () => {
  expect(pageSize(1)).toBe(1);
  expect(pageSize(MAX_PAGE)).toBe(100);
  for (const first of [0, -1, 101, 2_147_483_647]) expect(codeOf(() => pageSize(first))).toBe('BAD_USER_INPUT');
});

test('a page says whether there is more before and after it', () => {
  const page = (rows: number[], first: number, after?: string) => pageOf(rows, first, after, String);
  expect(page([1, 2, 3], 2)).toEqual({
    nodes: [1, 2],
    edges: [
      { node: 1, cursor: '1' },
      { node: 2, cursor: '2' },
    ],
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: '1', endCursor: '2' },
  });
  expect(page([3], 2, '2').pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: '3', endCursor: '3' });
  expect(page([], 2).pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null });
});
