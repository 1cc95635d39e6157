import { expect, test } from 'vitest';
import { eventually } from './fixtures/eventually.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
const scratch = shareMillrace({ slots: 4 }, (shared) => ({ millrace, temporal } = shared));

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
    // Past the api, whose patience may be shorter than what a job takes to come to another orchestrator.
    await Promise.all([
      temporal.handle(released).executeUpdate('release'),
      temporal.handle(forced).executeUpdate('forceStart', { args: [{}] }),
      temporal.handle(bumped).executeUpdate('setPriority', { args: [5] }),
    ]);
    for (const id of [released, forced]) await millrace.until(id, 'RUNNING');

    await another();
    await temporal.handle(bumped).executeUpdate('release');
    await millrace.until(bumped, 'RUNNING');
    await temporal.handle(aborted).executeUpdate('abort', { args: [{}] });

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
