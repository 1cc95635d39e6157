import { Context } from '@temporalio/activity';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type Ageing, mostPromotions, pauseMsFor, promotions } from '../job/ageing.ts';
import { workflowIdOf } from '../job/ids.ts';
import type { Journal } from '../journal/journal.ts';
import { poolsThatAge, readAgeing, shortestAgeAfterMs } from '../journal/read-ageing.ts';
import { readSlots } from '../journal/read-workers.ts';
import { age } from '../workflows/messages.ts';
import { eachAtOnce } from './each-at-once.ts';

type Deps = { client: Client; journal: Journal };

/**
 * Tells the jobs that have waited long enough to move up, until its orchestrator stops: a pass and then a pause of 30 s, of less
 * while somebody with a shorter `ageAfter` is in line.
 */
export async function ageJobs({ client, journal }: Deps): Promise<void> {
  const context = Context.current();
  const until = Date.now() + SHIFT_MS;
  let passedAt = 0;
  while (Date.now() < until) {
    context.heartbeat();
    const pauseMs = pauseMsFor(await shortestAgeAfterMs(journal.db));
    if (Date.now() - passedAt >= pauseMs) {
      await tell(client, await dueNow(journal.db, Date.now()), () => context.heartbeat());
      passedAt = Date.now();
    }
    await context.sleep(Math.max(0, Math.min(LOOK_MS, passedAt + pauseMs - Date.now())));
  }
}

/** Who moves up in a pass at this time, in all pools. One small query where nobody is in line. */
export async function dueNow(db: Journal['db'], nowMs: number): Promise<Ageing[]> {
  const pools = await poolsThatAge(db);
  if (pools.length === 0) return [];
  const slots = await readSlots(db, nowMs);
  const due: Ageing[] = [];
  for (const pool of pools) {
    const atMost = mostPromotions(slots.get(pool) ?? 0);
    due.push(...promotions(await readAgeing(db, pool, atMost), { nowMs, atMost }));
  }
  return due;
}

async function tell(client: Client, jobs: readonly Ageing[], beat: () => void): Promise<void> {
  await eachAtOnce(jobs, async ({ id, effectivePriority }) => {
    beat();
    try {
      await client.workflow.getHandle(workflowIdOf(id)).signal(age, effectivePriority);
    } catch (error) {
      // It has ended meanwhile; where the journal does not know that, the reconciler sees to it.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  });
}

/** A short `ageAfter` that comes into the line is seen after at most this long; also the time between heartbeats. */
export const LOOK_MS = 5_000;
const SHIFT_MS = 12 * 3_600_000;
