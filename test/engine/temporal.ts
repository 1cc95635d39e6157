import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startTemporalServer } from '../../src/temporal/server/start-temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    temporalAddress: string;
  }
}

/** One real Temporal server for all engine tests; every Millrace of a test has a namespace of its own on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-temporal-'));
  const say = (line: string): void => console.log(`temporal server: ${line}`);
  say('getting one; the first time on a machine it may have to be built, which takes some minutes');
  const server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say });
  say(`${server.address}, ${server.how}`);
  project.provide('temporalAddress', server.address);
  return async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
