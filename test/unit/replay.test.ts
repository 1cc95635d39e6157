import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../src/temporal/bundle.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

test('every recorded history replays on this code, so jobs under way go on after an update', async () => {
  const folder = new URL('../histories/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const { History } = proto.temporal.api.history.v1;
  const histories = names.map((name) => ({
    workflowId: `job:${name}`,
    history: History.fromObject(JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as object),
  }));
  const codePath = await workflowBundle(join(tmpdir(), 'millrace-replay'));
  const sinks = { journal: { record: { fn: () => {} } } };
  const failed: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath }, sinks }, histories)) {
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  expect(failed).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(29);
}, 60_000);
