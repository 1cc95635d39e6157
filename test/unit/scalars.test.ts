import { buildSchema, graphqlSync, parseValue } from 'graphql';
import { describe, expect, test } from 'vitest';
import { Bytes, DateTime, Duration, JsonScalar } from '../../src/api/scalars.ts';
import type { Json } from '../../src/index.ts';

const nested = (levels: number): Json => {
  let value: Json = 'leaf';
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
};
const literal = (text: string, variables: Record<string, unknown> = {}) => JsonScalar.parseLiteral(parseValue(text), variables);

describe('JSON', () => {
  test('is taken as it was given, from a variable and from the document', () => {
    const value = { a: [1, -2.5, 1e3, true, false, null, 'text', {}], b: { '': 'empty key' } };
    expect(JsonScalar.parseValue(value)).toEqual(value);
    expect(literal('{ a: [1, -2.5, 1e3, true, false, null, "text", {}], b: { c: """block""" } }')).toEqual({
      a: [1, -2.5, 1_000, true, false, null, 'text', {}],
      b: { c: 'block' },
    });
  });

  test('in the document may hold variables', () => {
    expect(literal('{ a: $a, b: [$missing] }', { a: { deep: 1 } })).toEqual({ a: { deep: 1 }, b: [null] });
  });

  test('may have 64 levels and not 65', () => {
    expect(JsonScalar.parseValue(nested(64))).toEqual(nested(64));
    expect(() => JsonScalar.parseValue(nested(65))).toThrow(/64 levels/);
    expect(() => JsonScalar.parseValue(JSON.parse('['.repeat(65) + ']'.repeat(65)))).toThrow(/64 levels/);
    expect(literal('['.repeat(64) + '1' + ']'.repeat(64))).toBeDefined();
    expect(() => literal('['.repeat(65) + ']'.repeat(65))).toThrow(/64 levels/);
    expect(() => literal('[$deep]', { deep: nested(64) })).toThrow(/64 levels/);
  });

  test('of any depth is refused and not followed to the end of the stack', () => {
    expect(() => JsonScalar.parseValue(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)))).toThrow(/64 levels/);
  });

  test('keeps a key that means something to JavaScript as a key', () => {
    const value = JsonScalar.parseValue(JSON.parse('{"__proto__": {"polluted": true}}')) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.keys(literal('{ __proto__: { polluted: true } }') as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('has no number that JSON cannot say', () => {
    expect(() => literal('1e999')).toThrow(/JSON/);
    expect(() => JsonScalar.parseValue(JSON.parse('{"a": [1e999]}'))).toThrow(/JSON/);
  });
});

describe('DateTime', () => {
  test('goes out in UTC with ms and comes in as any RFC 3339 text', () => {
    expect(DateTime.serialize(Date.UTC(2026, 0, 31, 12))).toBe('2026-01-31T12:00:00.000Z');
    expect(DateTime.parseValue('2026-01-31T13:00:00.5+01:00')).toEqual(new Date('2026-01-31T12:00:00.500Z'));
  });

  test.each(['', 'yesterday', '2026', '2026-13-01T00:00:00Z', '31.01.2026', 1_700_000_000, null, {}])('refuses %j', (value) => {
    expect(() => DateTime.parseValue(value)).toThrow(/is no moment such as 2026-01-31T12:00:00Z/);
  });
});

describe('Duration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['1h30m', 5_400_000],
    ['3650d', 315_360_000_000],
  ])('reads %s', (text, ms) => {
    expect(Duration.parseValue(text)).toBe(ms);
  });

  test.each(['', '5', '-5s', '5 s', 's', '1w', '3651d', '1e9d', '99999999999999999999d', 'Infinitys', 5_000, null])(
    'refuses %j',
    (value) => {
      expect(() => Duration.parseValue(value)).toThrow(/is no length of time such as 250ms, 30s or 1h30m/);
    },
  );

  test('goes out in the form it comes in', () => {
    expect(Duration.serialize(0)).toBe('0s');
    expect(Duration.serialize(5_400_250)).toBe('1h30m250ms');
    expect(Duration.parseValue(Duration.serialize(86_461_001))).toBe(86_461_001);
  });
});

describe('Bytes', () => {
  test.each([
    [0, 0],
    [2 ** 53 - 1, 2 ** 53 - 1],
    ['512MiB', 2 ** 29],
    ['2GB', 2e9],
    ['1.5KiB', 1_536],
    ['7', 7],
  ])('reads %j', (value, bytes) => {
    expect(Bytes.parseValue(value)).toBe(bytes);
  });

  test.each(['', 'much', '-1MiB', '1 PiB', '9999TiB', -1, 1.5, 2 ** 53, null, {}, true])('refuses %j', (value) => {
    expect(() => Bytes.parseValue(value)).toThrow(/is no size: a whole number of bytes, or a text such as 512MiB or 2GB/);
  });
});

test('a refusal of a scalar names its code, so that it never counts as a fault of ours', () => {
  const schema = buildSchema('scalar Duration type Query { wait(for: Duration): Int }');
  (schema.getType('Duration') as typeof Duration).parseValue = Duration.parseValue;
  const { errors } = graphqlSync({ schema, source: 'query ($for: Duration) { wait(for: $for) }', variableValues: { for: '-5s' } });
  expect(errors?.[0]?.originalError).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});
