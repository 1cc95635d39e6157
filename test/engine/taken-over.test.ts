import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { ordersTo } from './fixtures/orders.ts';
import { Scratch, TEST_JOBS } from './fixtures/paths.ts';
import { TemporalView } from './fixtures/temporal-view.ts';
import { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
const scratch = new Scratch();
beforeAll(async () => {
  millrace = await Millrace.start({ slots: 4, env: { MILLRACE_JOBS: TEST_JOBS } });
  temporal = await TemporalView.of(millrace);
});
afterAll(async () => {
  await temporal.close();
  await millrace.stop();
  scratch.remove();
});

test(
  'a job whose every word was dealt with by another orchestrator comes to its end, also when it began on hold',
  { timeout: 120_000 },
  async () => {
    const gate = scratch.path();
    const held = (input: Record<string, unknown> = {}): Promise<string> =>
      millrace.create({ type: 'test.marks', payload: { file: scratch.path(), gate }, hold: true, grace: '0s', ...input });
    const [released, forced, bumped, aborted] = await Promise.all([held(), held(), held(), held()]);
    const all = [released, forced, bumped, aborted];
    for (const id of all) await eventually(`${id} waits`, async () => Number((await temporal.handle(id).describe()).historyLength) >= 4);

    await another();
    const orders = ordersTo(millrace);
    await Promise.all([orders.release(released), orders.forceStart(forced), orders.setPriority(bumped, 5)]);
    for (const id of [released, forced]) await millrace.until(id, 'RUNNING');

    await another();
    await orders.release(bumped);
    await millrace.until(bumped, 'RUNNING');
    await orders.abort(aborted);

    await another();
    scratch.open(gate);
    for (const id of [released, forced, bumped])
      expect(await millrace.untilFinal(id)).toMatchObject({ status: 'SUCCEEDED', attemptCount: 1 });
    expect(await millrace.untilFinal(aborted)).toMatchObject({ status: 'ABORTED' });
  },
);

/** The orchestrator dies with all that it had in mind, and another one takes over. */
async function another(): Promise<void> {
  await millrace.role('orchestrator').kill();
  await millrace.startRole('orchestrator');
}
