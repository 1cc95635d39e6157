import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { runAttempt } from '../../src/testing.ts';
import { readCommands } from '../../src/worker/commands.ts';

const dir = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const guide = readFileSync(new URL('../../docs/writing-a-job-type.md', import.meta.url), 'utf8');
/** The code blocks of a language in the guide that hold a word. */
const blocks = (language: string, word: string): string[] =>
  Array.from(guide.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs')), ([, code]) => code!).filter((code) => code.includes(word));

test('the example of a command is one that runs', async () => {
  const [yaml, ...others] = blocks('yaml', 'commands:');
  expect(others).toEqual([]);
  writeFileSync(join(dir, 'millrace.yaml'), yaml!);
  const { commands, problems } = readCommands(join(dir, 'millrace.yaml'));
  expect(problems).toEqual([]);
  const archive = join(dir, 'packed files.tgz');
  const folder = fileURLToPath(new URL('../../docs', import.meta.url));
  const { definition } = commands[0]!;
  expect(await runAttempt(definition, { archive, folder, level: 9 } as never)).toMatchObject({
    outcome: 'SUCCEEDED',
    result: { exitCode: 0 },
  });
  expect(existsSync(archive)).toBe(true);
  expect(await runAttempt(definition, { archive, folder, level: 10 } as never)).toMatchObject({ outcome: 'FAILED', code: 'BAD_PAYLOAD' });
  expect(await runAttempt(definition, { archive, folder: '/no/such/folder', level: 1 } as never)).toMatchObject({
    outcome: 'FAILED',
    error: { message: expect.stringContaining('exit code 2'), retryable: false },
  });
});

test('the example of a test is one that passes', async () => {
  const [code, ...others] = blocks('ts', 'runAttempt');
  expect(others).toEqual([]);
  // Beside the tests, where `millrace` and `../jobs` are found.
  const file = fileURLToPath(new URL(`../docs-example-${process.pid}.ts`, import.meta.url));
  writeFileSync(file, code!);
  try {
    await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', file]);
  } finally {
    rmSync(file);
  }
});
