import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BOUNDS, MAX_TOKENS, nestingError, sizeRule } from '../../src/api/limits.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
/** What a document is refused for; empty where it is not. */
const refused = (text: string): string[] =>
  validate(schema, parse(text, { maxTokens: MAX_TOKENS }), [...specifiedRules, sizeRule]).map((error) => {
    expect(error.extensions['code'], error.message).toBe('BAD_USER_INPUT');
    return error.message;
  });

/** jobs > nodes > attempts > nodes > job > … as deep as asked, one object each. */
const nested = (levels: number): string => {
  const path = ['jobs(first: 1)', 'nodes', ...Array.from({ length: 10 }, () => ['attempts(first: 1)', 'nodes', 'job']).flat()];
  return `{ ${path.slice(0, levels - 1).join(' { ')} { __typename ${'}'.repeat(levels - 1)} }`;
};

describe('depth', () => {
  test('of twelve is allowed, of thirteen refused', () => {
    expect(refused(nested(BOUNDS.depth))).toEqual([]);
    expect(refused(nested(BOUNDS.depth + 1))).toEqual([expect.stringMatching(/depth 13, 12 is allowed/)]);
  });

  test('is counted through fragments, however they are nested', () => {
    const text = (levels: number) =>
      `{ jobs { nodes { ...a } } } fragment a on Job { ... on Job { ${'attempts(first: 1) { nodes { job { '.repeat(levels)} id ${'} } }'.repeat(levels)} } }`;
    expect(refused(text(3))).toEqual([]);
    expect(refused(text(4))).toEqual([expect.stringMatching(/depth/)]);
  });
});

describe('nesting', () => {
  const levels = (count: number, open: string, close: string) => `{ jobs ${open.repeat(count)} x ${close.repeat(count)} }`;

  test.each([
    ['{ a ', '}'],
    ['[', ']'],
    ['(', ')'],
    ['{a:[', ']}'],
  ])('of thousands of levels of %s is refused before the parser overflows its stack', (open, close) => {
    expect(nestingError(levels(5_000, open, close))?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    expect(nestingError(levels(50, open, close))).toBeUndefined();
  });

  test('that is never closed is refused as well', () => {
    expect(nestingError('{a'.repeat(5_000))).toBeDefined();
  });

  test('leaves room for a payload of 64 levels in the document', () => {
    expect(
      nestingError(`mutation { createJob(input: { type: "x", payload: ${'{a:['.repeat(32)}${']}'.repeat(32)} }) { job { id } } }`),
    ).toBeUndefined();
  });

  test('is not counted inside texts and comments', () => {
    const many = '{[('.repeat(1_000);
    expect(nestingError(`{ a(text: "${many}", block: """ "${many} \\""" ${many} """) } # ${many}`)).toBeUndefined();
    expect(nestingError(`{ a(text: "\\"${many}") }`)).toBeUndefined();
    expect(nestingError(`"" ${many}`)).toBeDefined();
  });

  test('is measured in no time and without a stack, however long the document is', () => {
    const long = 2_000_000;
    const documents = [
      `{ a(b: "${'y'.repeat(long)}") }`,
      `{ a(b: "${'\\n'.repeat(long)}") }`,
      `"""${'y'.repeat(long)}`,
      '"\n'.repeat(long),
      '"'.repeat(long),
      '{}'.repeat(long),
    ];
    const began = process.threadCpuUsage();
    for (const text of documents) expect(nestingError(text)).toBeUndefined();
    expect(cpuMsSince(began)).toBeLessThan(2_000);
  });

  test('of what is no text is nobody’s', () => {
    expect(nestingError(undefined)).toBeUndefined();
    expect(nestingError({ query: 1 })).toBeUndefined();
  });
});

describe('cost', () => {
  test('is the product of the pages asked for', () => {
    expect(refused('{ jobs(first: 100) { nodes { id attempts(first: 100) { nodes { number } } } } }')).toEqual([]);
    expect(
      refused('{ jobs(first: 100) { nodes { id attempts(first: 100) { nodes { number log(first: 100) { nodes { text } } } } } } }'),
    ).toEqual([expect.stringMatching(/cost/)]);
  });

  test('of a page that does not say how long it is counts with its default', () => {
    expect(refused('{ jobs { nodes { events { nodes { job { events { nodes { job { id } } } } } } } } }')).toEqual([
      expect.stringMatching(/cost/),
    ]);
  });

  test('of a page whose length is a variable counts as the longest', () => {
    expect(
      refused(
        'query ($first: Int!) { jobs(first: $first) { nodes { attempts(first: $first) { nodes { log(first: $first) { nodes { text } } } } } } }',
      ),
    ).toEqual([expect.stringMatching(/cost/)]);
  });

  test('counts a fragment as often as it is spread', () => {
    const spreads = (count: number) =>
      `{ ${Array.from({ length: count }, (_, index) => `j${index}: jobs(first: 100) { nodes { ...f } }`).join(' ')} } fragment f on Job { attempts(first: 100) { nodes { number } } }`;
    expect(refused(spreads(1))).toEqual([]);
    expect(refused(spreads(5))).toEqual([expect.stringMatching(/cost/)]);
  });

  test('holds for subscriptions: what one message of them can have', () => {
    expect(
      refused(
        'subscription { jobsUpdated(first: 100) { changed { attempts(first: 100) { nodes { log(first: 100) { nodes { text } } } } } } }',
      ),
    ).toEqual([expect.stringMatching(/cost/)]);
  });

  test('of what the playground and the dashboard ask is far below the bound', () => {
    expect(
      refused(
        '{ jobs(first: 100) { nodes { id type status lastAttempt { number host worker { id pool } } reason { code message } options { retry { maxAttempts } } } pageInfo { endCursor } } }',
      ),
    ).toEqual([]);
  });
});

test('fifty aliases are allowed, fifty-one refused', () => {
  const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, index) => `a${index}: serverInfo { version }`).join(' ')} }`;
  expect(refused(aliased(50))).toEqual([]);
  expect(refused(aliased(51))).toEqual([expect.stringMatching(/aliases 51, 50 is allowed/)]);
});

test('fifty directives are allowed, fifty-one refused', () => {
  const directed = (count: number) =>
    `{ jobs(first: 1) { nodes { ${Array.from({ length: count }, () => 'id @skip(if: false)').join(' ')} } } }`;
  expect(refused(directed(50))).toEqual([]);
  expect(refused(directed(51))).toEqual([expect.stringMatching(/directives 51, 50 is allowed/)]);
});

test('fragments that spread each other in a circle end in an error', () => {
  const text = '{ jobs { nodes { ...a } } } fragment a on Job { ...b } fragment b on Job { ...a }';
  expect(validate(schema, parse(text), [...specifiedRules, sizeRule]).map(({ message }) => message)).toEqual([
    expect.stringMatching(/Cannot spread fragment "a" within itself/),
  ]);
});

test('fragments that double at every level are measured in no time', () => {
  const levels = 200;
  const fragments = Array.from(
    { length: levels },
    (_, index) => `fragment f${index} on Job { ${index + 1 < levels ? `...f${index + 1} ...f${index + 1}` : 'id'} }`,
  );
  const began = process.threadCpuUsage();
  validate(schema, parse(`{ jobs { nodes { ...f0 } } } ${fragments.join(' ')}`), [sizeRule]);
  expect(cpuMsSince(began)).toBeLessThan(1_000);
});

test('what reads the schema is not measured: introspection is deep', () => {
  const deep = `{ __schema { types { fields { type { ${'ofType { '.repeat(15)} name ${'}'.repeat(15)} } } } } }`;
  expect(refused(deep)).toEqual([]);
});

test('what reads the schema and something else is measured', () => {
  expect(refused(`{ __typename ${nested(BOUNDS.depth + 1).slice(1)}`)).toEqual([expect.stringMatching(/depth/)]);
});

test('a document of more tokens than the bound is no document', () => {
  expect(() => parse(`{ ${'id '.repeat(MAX_TOKENS)} }`, { maxTokens: MAX_TOKENS })).toThrow(/more tha. 15000 tokens/);
});

/** Of this thread, and not of the clock: the machine is shared. */
function cpuMsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1_000;
}
