import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** What a command that does not start anything has said, and how it ended. */
function millrace(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/cli/main.ts'), ...args],
      { env: { ...process.env, NODE_OPTIONS: '', ...env }, cwd: tmpdir() },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test('a command that there is not is refused with those that there are', async () => {
  for (const args of [['foo'], ['foo', '--pool', 'x']]) {
    const { code, err } = await millrace(args);
    expect(err).toMatch(/^error: there is no command "foo": there are start, api, orchestrator, worker, temporal, demo, journal/);
    expect(code).toBe(1);
  }
});

test('--version says the version, and nothing is started', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await millrace(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test('a bad setting ends it with the code of one that cannot run as it is set up', async () => {
  for (const command of [[], ['start'], ['api'], ['worker'], ['journal', 'rebuild']]) {
    const { code, err } = await millrace(command, { MILLRACE_SLOTS: 'many' });
    expect(err).toMatch(/^MILLRACE_SLOTS="many": /);
    expect(code).toBe(78);
  }
});
