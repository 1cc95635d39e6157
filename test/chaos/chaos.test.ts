import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PLANTS } from './plants.ts';

/** The suite as people run it, and shorter. Its report is in the output of the tests. */
test('faults that are planted are found, each by the rule it breaks', { timeout: 240_000 }, async () => {
  const { code, output } = await chaos('--minutes', '0.05', '--seed', '1', '--rest', '15', '--plant', PLANTS.join(','));
  for (const said of [
    'never two attempts of one job at once, job planted-double-run',
    'its end is what its handler did, job planted-wrong-end: FAILED',
    'every accepted job ends, job planted-lost-job',
    'no event is skipped or repeated: skipped: 1',
    'no process is left: after the stop',
  ])
    expect(output).toContain(said);
  expect(output).toContain('seed 1');
  expect(code).toBe(1);
});

test('two minutes of kills, stops, locks and full disks break nothing', { timeout: 420_000 }, async () => {
  const { code, output } = await chaos('--minutes', '2', '--seed', '20', '--longest', '6');
  console.log(output);
  expect(output).toContain('violations: 0');
  expect(code).toBe(0);
  expect(readdirSync(tmpdir()).filter((name) => /^millrace-chaos-\w{6}$/.test(name) && !before.includes(name))).toEqual([]);
});

const before = readdirSync(tmpdir());

async function chaos(...args: string[]): Promise<{ code: number | null; output: string }> {
  const suite = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let output = '';
  for (const stream of [suite.stdout, suite.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => suite.once('close', resolve));
  return { code, output };
}
