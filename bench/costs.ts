import { Client, Connection } from '@temporalio/client';
import { ordersTo } from './orders.ts';
import type { Bench } from './figure.ts';
import { scriptOf } from './process.ts';
import { System } from './system.ts';

/** What each option adds to a job's history: each event is paid for in writes. */
export const costs: Bench = async ({ temporal }) => {
  const system = await System.start({ temporalAddress: temporal.address, slots: 2, jobsDir: scriptOf('../jobs') });
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const { workflow } = new Client({ connection, namespace: system.namespace });
    const order = ordersTo(system.client);
    const now = (more: object = {}): Promise<string> => system.create('sleep', { ms: 0 }, more);
    const events = async (id: string): Promise<number> => {
      await system.feed.until(id, 'FINISHED');
      await workflow
        .getHandle(`job:${id}`)
        .result()
        .catch(() => {});
      return (await workflow.getHandle(`job:${id}`).fetchHistory()).events?.length ?? 0;
    };
    const rows: [string, number][] = [];
    const plain = await events(await now());
    const add = async (name: string, id: string): Promise<void> => void rows.push([name, (await events(id)) - plain]);

    await add('a start time (delay: 100ms)', await now({ delay: '100ms' }));
    const parent = await now({ delay: '300ms' });
    await add('a dependency that ends later', await now({ dependencies: [parent] }));
    await add('… to the job it waits for', parent);
    await add('a dependency that has ended', await now({ dependencies: [parent] }));
    await add('a deadline', await now({ deadline: '1h' }));
    await add('a retry, with its attempt', await system.create('fail', { times: 1 }, { retry: { delay: '10ms' } }));
    await add('a halt, with its attempt', await system.create('crash', { how: 'exit', times: 1 }));
    await add('a concurrency key', await now({ concurrency: { key: 'costs' } }));
    await add('each further step of three', await system.create('trip.book', {}));
    rows.at(-1)![1] /= 2;
    const held = await now({ hold: true });
    await order('releaseJob', { id: held });
    await add('a hold from the start, and its release', held);
    const moved = await now({ delay: '300ms' });
    await order('setJobPriority', { id: moved, priority: 5 });
    await add('setJobPriority before it is in line (less the delay)', moved);
    rows.at(-1)![1] -= rows[0]![1];
    const counts = rows.map(([, count]) => count);
    return [
      {
        name: 'history events of each option',
        value: `${Math.min(...counts)} to ${Math.max(...counts)}, see the table under [costs](#costs)`,
        bar: 'stated',
        ok: undefined,
        spread: 'exact',
        how: `fetchHistory of one job with each, less the ${plain} of a plain one.`,
        table: [['option', 'events'], ...rows.map(([name, count]) => [name, String(count)])],
      },
    ];
  } finally {
    await connection.close();
    await system.stop();
  }
};
