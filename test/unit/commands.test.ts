import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCommands } from '../../src/worker/commands.ts';

const dir = mkdtempSync(join(tmpdir(), 'millrace-commands-'));
const file = join(dir, 'millrace.yaml');
afterAll(() => rmSync(dir, { recursive: true }));

const read = (text: string) => {
  writeFileSync(file, text);
  const { commands, problems } = readCommands(file);
  return { names: commands.map(({ definition }) => definition.name), problems: problems.map((line) => line.replace(file, 'FILE')) };
};

test.each(['', '# nothing\n', 'commands:\n', 'commands: {}\n'])('a file without commands (%j) has none, and no problem', (text) => {
  expect(read(text)).toEqual({ names: [], problems: [] });
});

test('a command is served by its name', () => {
  expect(read('commands:\n  a.b:\n    command: [echo, 1, true, "{{payload.x}}"]\n')).toEqual({ names: ['a.b'], problems: [] });
});

test.each([
  ['commands: [', 'FILE:1:12'],
  ['commands:\n  a:\n    command: [echo]\n  a:\n    command: [id]\n', 'FILE:4:3: Map keys must be unique'],
  ['commands: 5\n', 'FILE:1:11: commands: '],
  ['comands:\n  a: { command: [echo] }\n', 'FILE:1:1: '],
  ['a: &a [x]\ncommands:\n  b: *c\n', 'FILE: Unresolved alias'],
  ['commands:\n  a: {}\n', 'FILE:2:6: commands.a.command: '],
  ['commands:\n  a:\n    command: []\n', 'FILE:3:14: commands.a.command'],
  ['commands:\n  a:\n    command: echo hello\n', 'FILE:3:14: commands.a.command: '],
  ['commands:\n  a:\n    command: [echo]\n    env: { "A-B": x }\n', 'FILE:4:19: commands.a.env.A-B: '],
  ['commands:\n  a:\n    command: [echo]\n    exitCodes: { final: [0] }\n', 'FILE:4:26: commands.a.exitCodes.final.0: '],
  ['commands:\n  a:\n    command: [echo]\n    defaults: { priority: 11 }\n', 'FILE:4:27: commands.a.defaults.priority: '],
  ['commands:\n  a:\n    command: [echo]\n    cwd: "{{payload.folder}}"\n', 'FILE:4:10: commands.a.cwd: the folder is fixed'],
])('a mistake is told with its line and column: %j', (text, at) => {
  const { names, problems } = read(text);
  expect(names).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.startsWith(at), problems[0]).toBe(true);
});

test('commands without a mistake are served beside those with one', () => {
  const { names, problems } = read('commands:\n  a: { command: [echo] }\n  b: { command: [] }\n  c: { command: [id] }\nmore: 1\n');
  expect(names).toEqual(['a', 'c']);
  expect(problems).toHaveLength(2);
});

test('a file that is named and not there is a problem', () => {
  expect(readCommands(join(dir, 'nowhere.yaml'))).toEqual({
    commands: [],
    problems: [expect.stringMatching(/nowhere\.yaml cannot be read: ENOENT/)],
  });
});
