import { expect, test } from 'vitest';
import { JobTypes } from '../../src/api/job-types.ts';
import type { Json } from '../../src/index.ts';
import type { UserError } from '../../src/job/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { JobTypeRow } from '../../src/journal/read-workers.ts';

const jobTypes = new JobTypes({ onReplaced: () => () => {} } as unknown as Journal);

function refusal(payloadSchema: Json, payload: Json): UserError {
  try {
    jobTypes.checkPayload({ name: 'resize', payloadSchema } as JobTypeRow, payload);
  } catch (error) {
    return error as UserError;
  }
  throw new Error('it was not refused');
}

const SCHEMA: Json = {
  type: 'object',
  properties: { ms: { type: 'integer' }, fit: { enum: ['cover', 'fill'] }, size: { type: 'object', additionalProperties: false } },
  required: ['ms'],
  additionalProperties: false,
};

test.each<[string, Json, (string | number)[], string, string]>([
  ['lacks something', {}, ['payload', 'ms'], 'required', 'payload.ms is missing (type resize)'],
  ['has too much', { ms: 1, x: 2 }, ['payload', 'x'], 'additionalProperties', 'payload.x is not known to the schema (type resize)'],
  [
    'has too much further in',
    { ms: 1, size: { 'a/b': 2 } },
    ['payload', 'size', 'a/b'],
    'additionalProperties',
    'payload.size.a/b is not known to the schema (type resize)',
  ],
  ['is of the wrong type', { ms: 'x' }, ['payload', 'ms'], 'type', 'payload.ms must be integer (type resize)'],
  [
    'has none of the values that there are',
    { ms: 1, fit: 'x' },
    ['payload', 'fit'],
    'enum',
    'payload.fit must be equal to one of the allowed values: ["cover","fill"] (type resize)',
  ],
])('a payload that %s is refused with the place that is wrong', (_, payload, path, rule, message) => {
  expect(refusal(SCHEMA, payload)).toMatchObject({ code: 'BAD_PAYLOAD', path, rule, message });
});

test('all that is wrong is told at once, the first five of many; place and rule are those of the first', () => {
  const two = refusal(SCHEMA, { x: 1, fit: 'cover', size: 3 });
  expect(two.message.split('; ').toSorted()).toEqual([
    'payload.ms is missing',
    'payload.size must be object (type resize)',
    'payload.x is not known to the schema',
  ]);
  expect(two.message.startsWith(two.path!.join('.'))).toBe(true);
  const many = refusal({ type: 'array', items: { type: 'string' } }, [1, 2, 3, 4, 5, 6, 7]);
  expect(many).toMatchObject({ path: ['payload', '0'], rule: 'type' });
  expect(many.message.split('; ')).toHaveLength(6);
  expect(many.message).toMatch(/payload\.4 must be string; and 2 more \(type resize\)$/);
});

test('of a large payload the first mistake is told', () => {
  const { message } = refusal({ type: 'array', items: { type: 'string' } }, Array<number>(100_000).fill(1));
  expect(message).toBe('payload.0 must be string (type resize)');
});
