import { afterAll, beforeAll, expect, test } from 'vitest';
import { Millrace } from './millrace.ts';
import { TemporalView } from './fixtures/temporal-view.ts';

let millrace: Millrace;
let temporal: TemporalView;
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 1 });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
});
test('x', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 100000 } });
  await millrace.until(id, 'RUNNING');
  const ids = [];
  for (let i = 0; i < 10; i++) ids.push(await millrace.create({ type: 'sleep', payload: { ms: 0 }, priority: i+1 }));
  const look = async () => { const r = await temporal.client.workflowService.describeTaskQueue({
      namespace: temporal.client.options.namespace,
      taskQueue: { name: 'pool:default' },
      taskQueueType: 2,
      reportStats: true,
    }); console.log(Date.now(), JSON.stringify(r.stats), JSON.stringify(r.statsByPriorityKey)); };
  await look();
  let t = Date.now();
  await temporal.untilInLine(ids);
  console.log('in line', Date.now() - t);
  await look();
  const answer = await millrace.client.data('mutation ($input: SetJobPriorityInput!) { setJobPriority(input: $input) { job { id band status } userErrors { code message } } }', { input: { id: ids[0], priority: 5 } });
  console.log(JSON.stringify(answer));
  await look(); await look(); await look();await look();await look();await look();await look();await look();await look();await look();
  console.log(await temporal.openAttempt(ids[0]!));
  await millrace.client.data('mutation ($input: AbortJobInput!) { abortJob(input: $input) { job { id band status } userErrors { code message } } }', { input: { id, grace: '0s' } });
  await Promise.all(ids.map((i) => millrace.untilFinal(i)));
  await look();
});
