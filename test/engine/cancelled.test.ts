import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { eachAtOnce } from '../../src/activities/each-at-once.ts';
import { gateWorkflowIdOf } from '../../src/job/gate.ts';
import { eventually } from './fixtures/eventually.ts';
import { gatedJobs } from './fixtures/gated-jobs.ts';
import type { Orders } from './fixtures/orders.ts';
import { queuesOf } from './fixtures/queues.ts';
import { scripted } from './fixtures/scripted.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

/** A cancel in Temporal's Web UI, beside all else that a workflow is told; and a gate that is terminated there. */
let millrace: Millrace;
let temporal: TemporalView;
let orders: Orders;
let gated: ReturnType<typeof gatedJobs>;
const scratch = shareMillrace({ slots: 1 }, (shared) => {
  ({ millrace, temporal, orders } = shared);
  gated = gatedJobs(millrace, scratch);
});

async function waiting(input: Record<string, unknown>, kind: string): Promise<string> {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, ...input });
  await eventually(`it waits for ${kind}`, async () => (await millrace.job(id, 'waitingFor { kind }')).waitingFor?.kind === kind);
  return id;
}

describe('a job that is cancelled', () => {
  test('while it runs has an answer to whatever it is asked until its process is gone', async () => {
    const id = await millrace.create({ type: 'cpu.burn', payload: { ms: 600_000 }, grace: '1h' });
    await millrace.until(id, 'RUNNING');
    await temporal.handle(id).cancel();
    await millrace.until(id, ({ abortRequestedAt }) => abortRequestedAt !== null);
    expect(await orders.setPriority(id, 8)).toMatchObject({ codes: [], job: { status: 'RUNNING', priority: 8 } });
    expect(await orders.forceStart(id)).toMatchObject({ codes: [], job: { status: 'RUNNING', forced: true } });
    expect(await orders.hold(id)).toMatchObject({ codes: [], job: { status: 'RUNNING' } });
    expect(await orders.abort(id, { grace: '0s' })).toMatchObject({ codes: [] });
    expect(await millrace.until(id, 'ABORTED')).toMatchObject({ priority: 8, attemptCount: 1 });
  });

  test('while it undoes its steps has an answer too, and is undone', async () => {
    const { id, end } = await scripted(millrace, scratch, { grace: '0s' });
    end(1);
    await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === 2);
    await temporal.handle(id).cancel();
    await millrace.until(id, 'ROLLING_BACK');
    expect(await orders.setPriority(id, 8)).toMatchObject({ codes: [], job: { priority: 8 } });
    end(3);
    await millrace.until(id, 'ABORTED');
    expect(await millrace.job(id, 'rollback')).toEqual({ rollback: 'DONE' });
  });

  test('just while its attempt is moved, or taken out of line, ends', async () => {
    const busy = await gated.running();
    const ids = await Promise.all(Array.from({ length: 12 }, () => millrace.create({ type: 'sleep', payload: { ms: 0 } })));
    await temporal.untilInLine(ids);
    await eachAtOnce(ids, (id) =>
      Promise.all([
        orders.setPriority(id, 5),
        orders.hold(id),
        orders.forceStart(id),
        temporal.handle(id).cancel(),
        orders.setPriority(id, 7),
      ]),
    );
    for (const id of ids) expect(await millrace.until(id, 'ABORTED')).toMatchObject({ attemptCount: 0 });
    busy.open();
    await millrace.until(busy.id, 'SUCCEEDED');
  });
});

describe('a workflow that all need goes on when it is cancelled', () => {
  /** It has heard of the cancel, and has done with it what it does. */
  async function cancel(workflowId: string): Promise<string> {
    const handle = temporal.client.workflow.getHandle(workflowId);
    await handle.cancel();
    await eventually(`${workflowId} has heard of it`, async () => {
      const { events } = await handle.fetchHistory();
      const told = events!.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
      return events!.slice(told).some((event) => event.workflowTaskCompletedEventAttributes);
    });
    return (await handle.describe()).status.name;
  }

  test('a gate, which knows who is in and who waits', async () => {
    const concurrency = { key: 'cancelled', limit: 1 };
    const holder = await gated.running({ concurrency });
    const next = await millrace.create({ type: 'sleep', payload: { ms: 0 }, concurrency });
    const state = { held: [holder.id], waiting: [next] };
    await eventually('it waits there', async () => isDeepStrictEqual(await temporal.gate('key:cancelled'), state));
    expect(await cancel(gateWorkflowIdOf('key:cancelled'))).toBe('RUNNING');
    expect(await temporal.gate('key:cancelled')).toEqual(state);
    holder.open();
    await millrace.until(next, 'SUCCEEDED');
  });

  test.each(['ager', 'reconciler'])('the %s', async (workflowId) => {
    expect(await cancel(workflowId)).toBe('RUNNING');
  });
});

describe('when a gate is terminated', () => {
  test('who waited there asks again, at another one', async () => {
    const concurrency = { key: 'terminated', limit: 1 };
    const holder = await gated.running({ concurrency });
    const next = await waiting({ concurrency }, 'CONCURRENCY_KEY');
    await temporal.client.workflow.getHandle(gateWorkflowIdOf('key:terminated')).terminate('by the test');
    await eventually('it is known to another one', async () => (await temporal.gate('key:terminated')).held.includes(next), 60_000);
    holder.open();
    for (const id of [holder.id, next]) expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  });

  test('what its queue has had moved out of line comes back when that is resumed', async () => {
    const queue = 'terminated';
    const busy = await gated.running();
    const id = await millrace.create({ type: 'sleep', payload: { ms: 0 }, queue });
    await temporal.untilInLine([id]);
    await queuesOf(millrace).pause(queue);
    await eventually('it is moved out of line', async () => (await temporal.openAttempt(id))?.isSwept === true);
    await temporal.client.workflow.getHandle(gateWorkflowIdOf(`queue:${queue}`)).terminate('by the test');
    await queuesOf(millrace).resume(queue);
    await temporal.untilInLine([id]);
    busy.open();
    expect(await millrace.until(id, 'SUCCEEDED')).toMatchObject({ attemptCount: 1 });
  });
});
