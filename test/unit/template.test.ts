import { expect, test } from 'vitest';
import { fillIn, parseTemplate } from '../../src/worker/template.ts';

const fill = (text: string, payload: object) =>
  fillIn(parseTemplate(text, ['payload', 'job']), { payload: payload as never, job: { id: 'j' } });

test('a text without templates is itself, braces included', () => {
  expect(fill('a {b} }} c', {})).toBe('a {b} }} c');
  expect(fill('', {})).toBe('');
});

test('values stand in for their paths: strings, numbers, booleans, also deep and from lists', () => {
  expect(fill('{{payload.w}}x{{ payload.h }}', { w: 3, h: '4' })).toBe('3x4');
  expect(fill('{{payload.size.0.on}}-{{job.id}}', { size: [{ on: true }] })).toBe('true-j');
});

test('what a value holds is not read again', () => {
  expect(fill('{{payload.a}}', { a: '{{payload.b}} {{job.id}}', b: 'secret' })).toBe('{{payload.b}} {{job.id}}');
  expect(fill('{{payload.a}}', { a: '$& $1 \\' })).toBe('$& $1 \\');
});

test.each([
  ['{{payload.a}}', {}, /payload\.a is missing/],
  ['{{payload.a.b}}', { a: 'text' }, /payload\.a\.b is missing/],
  ['{{payload.toString}}', {}, /payload\.toString is missing/],
  ['{{payload.__proto__}}', {}, /__proto__ is missing/],
  ['{{payload.length}}', 'text', /payload\.length is missing/],
  ['{{payload.a}}', { a: null }, /no string, number or boolean/],
  ['{{payload.a}}', { a: {} }, /no string, number or boolean/],
  ['{{payload.a}}', { a: ['x'] }, /no string, number or boolean/],
  ['{{payload.a}}', { a: 'x\0y' }, /NUL/],
])('%s of %j is refused', (text, payload, message) => {
  expect(() => fill(text, payload as object)).toThrow(message);
});

test.each(['{{payload}}', '{{env.HOME}}', '{{payload.a b}}', '{{}}', '{{payload.}}', '{{payload.a()}}', '{{ payload.a', '{{payload.a}'])(
  '%s is no template',
  (text) => {
    expect(() => parseTemplate(text, ['payload', 'job'])).toThrow('is no template');
  },
);
