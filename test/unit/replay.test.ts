import { globSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../src/temporal/bundle.ts';
import * as workflows from '../../src/workflows/index.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const { History } = proto.temporal.api.history.v1;
const FOLDER = new URL('../histories/', import.meta.url);
const histories = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({
    workflowId: `job:${name}`,
    history: History.fromObject(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as object),
  }));
const started = histories.map(({ history }) => history.events![0]!.workflowExecutionStartedEventAttributes!);

test('every recorded history replays on this code, so jobs under way go on after an update', async () => {
  const codePath = await workflowBundle(join(tmpdir(), 'millrace-replay'));
  const sinks = { journal: { record: { fn: () => {} } } };
  const failed: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { codePath }, sinks }, histories)) {
    if (error) failed.push(`${workflowId}: ${error.message}`);
  }
  expect(failed).toEqual([]);
  expect(histories.length).toBeGreaterThanOrEqual(41);
}, 60_000);

test('of every type of workflow there is one, and of every type that goes on in new runs one of such a run', () => {
  const types = Object.keys(workflows).toSorted();
  const typesOf = (events: typeof started): string[] => [...new Set(events.map(({ workflowType }) => workflowType!.name!))].toSorted();
  expect(typesOf(started)).toEqual(types);
  expect(typesOf(started.filter(({ continuedExecutionRunId }) => continuedExecutionRunId))).toEqual(types.filter(goesOnInNewRuns));
});

/** By its source: what it calls itself, or by a module of its own. */
function goesOnInNewRuns(type: string): boolean {
  const sources = globSync('*.ts', { cwd: WORKFLOWS }).map((name) => readFileSync(join(WORKFLOWS, name), 'utf8'));
  return sources.some((source) => source.includes(`continueAsNew<typeof ${type}>(`));
}

const WORKFLOWS = join(import.meta.dirname, '../../src/workflows');
