import { expect, test } from 'vitest';
import { MAX_LOSSES } from '../../src/job/retry.ts';
import { shareMillrace } from './fixtures/share-millrace.ts';
import type { TemporalView } from './fixtures/temporal-view.ts';
import type { Millrace } from './millrace.ts';

let millrace: Millrace;
let temporal: TemporalView;
shareMillrace({ slots: 1 }, (shared) => ({ millrace, temporal } = shared));

test('a job that is lost with worker after worker stands first twice, then in its own band, and fails before it has no worker left', async () => {
  const id = await millrace.create({ type: 'sleep', payload: { ms: 600_000 }, priority: 4 });
  const bands: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= MAX_LOSSES; attempt++) {
    await millrace.until(id, ({ status, attemptCount }) => status === 'RUNNING' && attemptCount === attempt);
    bands.push((await temporal.openAttempt(id))?.band);
    await millrace.role('worker').kill();
    await millrace.startRole('worker');
  }
  expect(await millrace.until(id, 'FAILED')).toMatchObject({
    reason: { code: 'LOST' },
    losses: MAX_LOSSES,
    failures: 0,
    attemptCount: MAX_LOSSES,
    attempts: { nodes: Array.from({ length: MAX_LOSSES }, () => ({ outcome: 'LOST' })) },
  });
  expect(bands).toEqual([12, 1, 1, 12, 12]);
});
