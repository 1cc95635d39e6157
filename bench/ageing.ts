import { join } from 'node:path';
import { dueNow, LOOK_MS } from '../src/activities/age-jobs.ts';
import { mostPromotions, PAUSE_MS } from '../src/job/ageing.ts';
import { PRIORITY } from '../src/job/bands.ts';
import { firstRecord } from '../src/job/record.ts';
import type { Entry } from '../src/journal/entries.ts';
import { migrate } from '../src/journal/migrate.ts';
import { shortestAgeAfterMs } from '../src/journal/read-ageing.ts';
import { record } from '../src/journal/record.ts';
import { type Database, openSqlite } from '../src/journal/sqlite.ts';
import { specOf } from '../test/unit/fixtures/spec.ts';
import { worker } from '../test/unit/fixtures/told.ts';
import type { Bench } from './figure.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { median, short, spread } from './stats.ts';

/** What the one ager of a system spends on a long line: its passes and, between them, its looks for a short `ageAfter`. */
export const ageing: Bench = async ({ short: isShort }) => {
  const jobs = isShort ? 500 : 10_000;
  const dir = makeDir('ageing');
  const journal = openSqlite(join(dir, 'journal.db'), 'write');
  try {
    await migrate(journal);
    const idle = await sharesOf(journal, isShort);
    const now = Date.now();
    await record(journal, [{ kind: 'worker', worker: { ...worker, slots: SLOTS, startedAt: now, at: now + 3_600_000 } }]);
    for (let made = 0; made < jobs; made += AT_ONCE)
      await record(
        journal,
        Array.from({ length: Math.min(AT_ONCE, jobs - made) }, (_, index): Entry => {
          const priority = PRIORITY.min + ((made + index) % PRIORITY.max);
          return { kind: 'job', record: firstRecord(specOf({ id: `job-${made + index}`, priority })) };
        }),
      );
    const due = (await dueNow(journal.db, now)).length;
    const shares = await sharesOf(journal, isShort);
    return [
      {
        name: `ageing with ${jobs.toLocaleString('en')} jobs in line, share of a core`,
        value: `${median(shares).toFixed(4)} % (${median(idle).toFixed(4)} % with none)`,
        bar: 'stated',
        ok: undefined,
        spread: spread(shares, ' %'),
        how: `A pass every ${PAUSE_MS.most / 1_000} s and a look every ${LOOK_MS / 1_000} s, as the one ager of a system makes them: the \`process.cpuUsage\` of ${PASSES} passes and of their looks, as a share of the time they are for. Priorities 1 to 10 in turn, all due, ${SLOTS} slots.`,
        notes: [
          `a pass finds the ${due} to be moved up (${mostPromotions(SLOTS)} of a band): ${short((median(shares) * PAUSE_MS.most) / 100)} ms of CPU time with its looks`,
          'the signals to these are not in it: each costs its job about what a setJobPriority does',
        ],
      },
    ];
  } finally {
    journal.close();
    removeDir(dir);
  }
};

/** One of each batch of passes, in %. */
async function sharesOf({ db }: Database, isShort: boolean): Promise<number[]> {
  const shares: number[] = [];
  // The first one warms up.
  for (let batch = 0; batch <= (isShort ? 1 : 10); batch++) {
    const before = process.cpuUsage();
    for (let pass = 0; pass < PASSES; pass++) {
      await dueNow(db, Date.now());
      for (let look = 0; look < PAUSE_MS.most / LOOK_MS; look++) await shortestAgeAfterMs(db);
    }
    const { user, system } = process.cpuUsage(before);
    if (batch > 0) shares.push((user + system) / 10 / (PASSES * PAUSE_MS.most));
  }
  return shares;
}

const SLOTS = 4;
const PASSES = 50;
const AT_ONCE = 500;
