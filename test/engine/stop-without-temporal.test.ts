import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { within } from '../../src/process/within.ts';
import { startTemporalServer, type TemporalServer } from '../../src/temporal/server/start-temporal-server.ts';
import { Millrace } from './millrace.ts';
import type { RoleProcess } from './process.ts';

/** A Temporal server of this file's own, for it is killed. */
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-gone-'));
let server: TemporalServer;
let millrace: Millrace;
beforeAll(async () => {
  server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say: () => {} });
  millrace = await Millrace.start({ slots: 1, env: { MILLRACE_DRAIN_TIMEOUT: '2s' }, temporalAddress: server.address });
  await millrace.startRole('worker', 'idle', { ...millrace.hostEnv('idle'), MILLRACE_POOL: 'idle', MILLRACE_DRAIN_TIMEOUT: '10m' });
});
afterAll(async () => {
  await millrace?.stop();
  await server?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('while Temporal is gone every role ends at one ask, and says what it leaves', { timeout: 180_000 }, async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 } });
  const { attempts } = await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 1);
  const { pid } = attempts.nodes[0];
  process.kill(server.pids[0]!, 'SIGKILL');
  await server.died;

  const roles = ['worker', 'idle', 'orchestrator'].map((name) => millrace.role(name));
  await Promise.all(roles.map(endsAtOneAsk));
  for (const role of roles) expect(role.log()).toContain('ends without a word from Temporal');
  expect(isAlive(pid)).toBe(false);
  // As where Temporal is there: it was killed when its time was over, and that is on record.
  expect(await millrace.job(id)).toMatchObject({ attempts: { nodes: [{ outcome: 'LOST', signal: 'SIGKILL' }] } });
});

/** Its drain timeout and a few seconds, on a machine that is busy; without the bound it takes ten minutes. */
async function endsAtOneAsk(role: RoleProcess): Promise<void> {
  role.signal('SIGTERM');
  if (!(await within(60_000, role.exited))) throw new Error(`it has not ended:\n${role.log().slice(-2_000)}`);
  expect(await role.exited).toEqual({ code: 0, signal: null });
}
