import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { expect, inject, onTestFinished, test } from 'vitest';
import { prepareCluster } from '../../src/temporal/prepare.ts';
import { searchAttributes } from '../../src/workflows/search-attributes.ts';
import { eventually } from './fixtures/eventually.ts';
import { TEST_JOBS } from './fixtures/paths.ts';
import { Millrace } from './millrace.ts';

const connect = async (): Promise<Connection> => {
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  onTestFinished(() => connection.close());
  return connection;
};
const newName = (): string => `test-${randomBytes(4).toString('hex')}`;

test('what is prepared takes jobs at once', async () => {
  const connection = await connect();
  const namespace = newName();
  // Refused until the server knows what was registered, as an orchestrator's start is.
  await eventually('it is prepared', () =>
    prepareCluster(connection, namespace).then(
      () => true,
      () => false,
    ),
  );
  const client = new Client({ connection, namespace });
  for (const [id, key] of Object.entries(searchAttributes)) {
    const typedSearchAttributes = [{ key, value: key.type === 'INT' ? 1 : key.type === 'KEYWORD' ? 'x' : ['x'] } as never];
    expect((await client.workflow.start('any', { workflowId: id, taskQueue: 'nobody', typedSearchAttributes })).workflowId).toBe(id);
  }
});

test('a job in a namespace that no orchestrator has prepared is refused with what to do, and taken once one has', async () => {
  const connection = await connect();
  const namespace = newName();
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  const millrace = await Millrace.start({ env: { TEMPORAL_NAMESPACE: namespace, MILLRACE_JOBS: TEST_JOBS }, roles: ['worker', 'api'] });
  onTestFinished(() => millrace.stop());
  const input = { id: 'early', type: 'sleep', payload: { ms: 0 } };
  const types = '{ jobTypes { name } }';
  await eventually('its types are known', async () => (await millrace.client.data(types)).jobTypes.length > 0);
  const { errors } = await millrace.client.ask('mutation ($input: CreateJobInput!) { createJob(input: $input) { job { id } } }', { input });
  expect(errors).toMatchObject([
    { message: expect.stringContaining('has not been prepared'), extensions: { code: 'BACKEND_UNAVAILABLE' } },
  ]);
  expect(errors![0]!.message).toContain('orchestrator');
  await millrace.startRole('orchestrator');
  await millrace.until(await millrace.create(input), 'SUCCEEDED');
});
