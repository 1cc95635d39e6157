import { BareSide } from './bare-side.ts';
import type { Bench } from './figure.ts';
import { System } from './system.ts';

/** What one job leaves in Temporal's history: each event is paid for in writes. */
export const history: Bench = async ({ temporal }) => {
  const system = await System.start({ temporalAddress: temporal.address, slots: 1 });
  let bare: BareSide | undefined;
  try {
    bare = await BareSide.start({ temporalAddress: temporal.address, namespace: system.namespace, slots: 1 });
    const id = await system.create('cpu.burn', { ms: 10 });
    await system.feed.until(id, 'FINISHED');
    const created = await bare.create();
    await created.result();
    const { workflow } = bare.client;
    const events = async (workflowId: string): Promise<number> => (await workflow.getHandle(workflowId).fetchHistory()).events?.length ?? 0;
    const [ours, theirs] = [await events(`job:${id}`), await events(created.workflowId)];
    return [
      {
        name: 'history events of a plain job',
        value: `${ours} (bare: ${theirs})`,
        bar: '≤ 12',
        ok: ours <= 12,
        spread: 'exact',
        how: 'fetchHistory of one cpu.burn that went well, and of one bare workflow.',
      },
    ];
  } finally {
    await bare?.stop();
    await system.stop();
  }
};
