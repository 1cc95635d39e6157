import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { temporalFileOf } from '../../src/temporal/address.ts';
import { connectLazily } from '../../src/temporal/connect-client.ts';
import { eventually } from '../engine/fixtures/eventually.ts';

/** Something that listens, and how many have come. */
async function listener(): Promise<{ address: string; came(): number }> {
  let came = 0;
  const server = createServer((socket) => {
    came += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, came: () => came };
}

function dataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-follow-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'run'));
  return dir;
}

test('a client goes where Temporal is started after it, keeps to that while there is no word, and to an address that is set', async () => {
  const [first, second, third] = [await listener(), await listener(), await listener()];
  const dir = dataDir();
  const tell = (address: string): void => writeFileSync(temporalFileOf(dir), JSON.stringify({ address, uiUrl: null }));
  tell(first.address);
  const { connection, client } = connectLazily(readConfig({ MILLRACE_DATA_DIR: dir }));
  const fixed = connectLazily(readConfig({ MILLRACE_DATA_DIR: dir, TEMPORAL_ADDRESS: third.address }));
  onTestFinished(async () => void (await Promise.all([connection.close(), fixed.connection.close()])));
  const call = () => client.withDeadline(Date.now() + 300, () => client.workflowService.getSystemInfo({})).catch(() => {});
  await eventually('it goes to the first', async () => (await call(), first.came() > 0));
  tell(second.address);
  await eventually('it goes to the second', async () => (await call(), second.came() > 0));
  rmSync(temporalFileOf(dir));
  const before = second.came();
  // A call more than there is time between two looks.
  for (let calls = 0; calls < 3; calls++) await call();
  await eventually('it goes to the second again', async () => (await call(), second.came() > before));
  expect(third.came()).toBe(0);
  tell(first.address);
  const once_ = fixed.client;
  await eventually('the other one goes where it is set to', async () => {
    await once_.withDeadline(Date.now() + 300, () => once_.workflowService.getSystemInfo({})).catch(() => {});
    return third.came() > 0;
  });
});

test('what is under way stays with the connection that carries its deadline', async () => {
  const [first, second] = [await listener(), await listener()];
  const dir = dataDir();
  const tell = (address: string): void => writeFileSync(temporalFileOf(dir), JSON.stringify({ address, uiUrl: null }));
  tell(first.address);
  const { connection, client } = connectLazily(readConfig({ MILLRACE_DATA_DIR: dir }));
  onTestFinished(() => connection.close());
  await client.withDeadline(Date.now() + 8_000, async () => {
    tell(second.address);
    for (let calls = 0; calls < 3; calls++) await client.workflowService.getSystemInfo({}).catch(() => {});
  });
  expect([first.came() > 0, second.came()]).toEqual([true, 0]);
});
