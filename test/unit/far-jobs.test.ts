import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { cacheDirOf } from '../../src/cache-dir.ts';
import { Runner } from '../../src/worker/runner.ts';
import { supervisor } from './fixtures/supervisor.ts';

/** A jobs folder beside which nothing is installed. */
let dir: string;
let worker: ReturnType<typeof supervisor>;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-far-'));
  worker = supervisor();
});
afterAll(() => {
  worker.guardian.stop();
  rmSync(dir, { recursive: true });
});

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
};
async function load(jobs: string) {
  const runner = new Runner({ ...worker, jobsDir: join(dir, jobs), heapBytes: 128 * 2 ** 20, cacheDir: cacheDirOf(process.env) });
  onTestFinished(async () => void (await runner.kill(0)));
  return runner.ready;
}
const job = (more = '') => `
  import { defineJob } from 'millrace';
  import { z } from 'zod';
  ${more}
  export default defineJob({ name: 'far.away', description: z.whose ?? 'ours', payload: z.strictObject({ n: z.int() }), run: () => null });
`;

test('a job module anywhere finds millrace, millrace/testing and zod, and nothing else of ours', { timeout: 60_000 }, async () => {
  write('bare/far.ts', job(`import { runAttempt } from 'millrace/testing'; void runAttempt;`));
  write('bare/other.ts', `import fastify from 'fastify'; export default fastify;`);
  const { types, problems } = await load('bare');
  expect(types).toMatchObject([{ name: 'far.away', description: 'ours', payloadSchema: { required: ['n'] } }]);
  expect(problems).toEqual([expect.stringMatching(/^other\.ts: .*fastify/)]);
});

test('a copy that is installed for it wins, and one that is broken is told', { timeout: 60_000 }, async () => {
  write('own/node_modules/zod/package.json', '{ "name": "zod", "type": "module", "exports": "./index.js" }');
  const zod = JSON.stringify(import.meta.resolve('zod'));
  write('own/node_modules/zod/index.js', `import { z as ours } from ${zod}; export const z = { ...ours, whose: 'its own' };`);
  write('own/far.ts', job());
  expect(await load('own')).toMatchObject({ types: [{ description: 'its own' }], problems: [] });
  write('broken/node_modules/zod/package.json', '{ "name": "zod", "type": "module", "exports": { "./other": "./index.js" } }');
  write('broken/far.ts', job());
  expect(await load('broken')).toMatchObject({ types: [], problems: [expect.stringContaining('zod')] });
});
