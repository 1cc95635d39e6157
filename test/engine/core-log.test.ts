import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTemporalServer, type TemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { eventually } from './fixtures/eventually.ts';
import { Millrace } from './millrace.ts';

test('what the SDK’s core says while Temporal is away are lines of the log, in JSON', { timeout: 120_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-core-log-'));
  const start = (): Promise<TemporalServer> => startTemporalServer({ dataDir, namespace: 'default', ui: false, say: () => {} });
  let server = await start();
  onTestFinished(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const millrace = await Millrace.start({ temporalAddress: server.address, roles: ['orchestrator', 'worker'] });
  onTestFinished(() => millrace.stop());
  const roles = ['orchestrator', 'worker'];
  const linesOf = (role: string): string[] => millrace.role(role).log().split('\n').slice(0, -1);
  const said = new Map(roles.map((role) => [role, linesOf(role).length]));

  process.kill(server.pids[0]!, 'SIGKILL');
  await server.died;
  await server.stop(0);
  for (const role of roles) await eventually(`the ${role} says so`, () => linesOf(role).length > said.get(role)!, 60_000);
  server = await start();

  for (const role of roles) {
    const lines = linesOf(role);
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ role, level: 40, msg: expect.stringMatching(/./) }),
    );
  }
});
