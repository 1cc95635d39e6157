import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('..', import.meta.url));
const ENTRY = join(SOURCE, 'workflows', 'index.ts');

/**
 * The workflows as one file for Temporal's sandbox, made once and kept: bundling at every start would cost 1.3 to 2.7 s.
 * The file's name carries a hash of all that goes into it, so it cannot be out of date.
 */
export async function workflowBundle(cacheDir: string): Promise<string> {
  const file = join(cacheDir, 'workflows', `${fingerprint()}.js`);
  if (existsSync(file)) return file;
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  // Loaded once and not again for every workflow: half of a new one's memory, and a fifth of its work. They may keep nothing
  // outside of their functions, then (test/unit/workflow-modules.test.ts).
  const { code } = await bundleWorkflowCode({ workflowsPath: ENTRY, preloadModules: [ENTRY], logger: silent });
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, file);
  return file;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  hash.update(version).update('preloaded');
  for (const folder of ['job', 'workflows']) {
    for (const name of readdirSync(join(SOURCE, folder)).sort()) hash.update(name).update(readFileSync(join(SOURCE, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
