import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { eventually } from './fixtures/eventually.ts';
import { Millrace } from './millrace.ts';

test('what the SDK’s core says while Temporal is away are lines of the log, in JSON', { timeout: 120_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-core-log-'));
  const server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say: () => {} });
  onTestFinished(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const millrace = await Millrace.start({ temporalAddress: server.address, roles: ['orchestrator', 'worker'] });
  onTestFinished(() => millrace.stop());
  const roles = ['orchestrator', 'worker'];
  // Each of them must be JSON.
  const linesOf = (role: string): { level: number; role: string; msg: string }[] =>
    millrace
      .role(role)
      .log()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const warnings = (role: string): unknown[] => linesOf(role).filter(({ level }) => level === 40);
  const said = new Map(roles.map((role) => [role, warnings(role).length]));

  process.kill(server.pids[0]!, 'SIGKILL');
  await server.died;
  await server.stop(0);
  for (const role of roles) {
    await eventually(`the ${role} says so`, () => warnings(role).length > said.get(role)!, 60_000);
    expect(warnings(role).at(-1)).toMatchObject({ role, msg: expect.stringMatching(/./) });
  }
});
