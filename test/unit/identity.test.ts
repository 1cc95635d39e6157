import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimIdentity } from '../../src/worker/identity.ts';

/** Of no process: higher than Linux gives any. */
const GONE = '4999999 1\n';

function dataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-identity-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('a worker that starts again on its host is the one it was, also after a kill', () => {
  const dir = dataDir();
  const first = claimIdentity(dir, 'default', 'mill');
  expect(first).toMatchObject({ id: expect.stringMatching(/^mill-[0-9a-f]{8}$/), host: 'mill' });
  first.release();
  expect(claimIdentity(dir, 'default', 'mill').id).toBe(first.id);
  writeFileSync(join(dir, 'run', 'worker.pid'), GONE);
  expect(claimIdentity(dir, 'default', 'mill').id).toBe(first.id);
});

test('a second worker of a pool beside a living one, and one of another pool, are others', () => {
  const dir = dataDir();
  const ids = ['default', 'default', 'gpu'].map((pool) => claimIdentity(dir, pool, 'mill').id);
  expect(new Set(ids).size).toBe(3);
});

test('a worker of another host that shares the directory is another, and leaves the pid file of the first alone', () => {
  const dir = dataDir();
  const first = claimIdentity(dir, 'default', 'mill');
  // As it looks from another host: its pid is not there.
  writeFileSync(join(dir, 'run', 'worker.pid'), GONE);
  for (const host of ['race', 'mill-1', 'm']) {
    const other = claimIdentity(dir, 'default', host);
    expect(other.id).toMatch(new RegExp(`^${host}-[0-9a-f]{8}$`));
    other.release();
  }
  expect(readFileSync(join(dir, 'run', 'worker.pid'), 'utf8')).toBe(GONE);
  expect(claimIdentity(dir, 'default', 'mill').id).toBe(first.id);
  expect(existsSync(join(dir, 'run', 'worker-5.id'))).toBe(false);
});
