import { Command } from 'commander';
import { within } from '../src/process/within.ts';
import { startTemporalServer } from '../src/temporal/server/start-temporal-server.ts';
import { abortLatency } from './abort-latency.ts';
import { ageing } from './ageing.ts';
import { backlog } from './backlog.ts';
import { besideBullmq } from './beside-bullmq.ts';
import { busyShare } from './busy-share.ts';
import { costs } from './costs.ts';
import type { Bench, Figure } from './figure.ts';
import { gates } from './gates.ts';
import { history } from './history.ts';
import { leaveNothing, makeDir } from './leftovers.ts';
import { liveLatency } from './live-latency.ts';
import { logFlood } from './log-flood.ts';
import { lockedJournal } from './locked-journal.ts';
import { describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { orphans } from './orphans.ts';
import { priorityLatency } from './priority-latency.ts';
import { recovery } from './recovery.ts';
import { runner } from './runner.ts';
import { keep, print } from './report.ts';
import { sampling } from './sampling.ts';
import { startLatency } from './start-latency.ts';
import { startup } from './startup.ts';
import { throughput } from './throughput.ts';

const BENCHES: Record<string, Bench> = {
  throughput,
  history,
  start: startLatency,
  live: liveLatency,
  abort: abortLatency,
  priority: priorityLatency,
  runner,
  busy: busyShare,
  startup,
  memory,
  locked: lockedJournal,
  logs: logFlood,
  costs,
  gates,
  sampling,
  ageing,
  backlog,
  bullmq: besideBullmq,
  recovery,
  orphans,
};

/** The longest takes half of it on a quiet machine of 2 cores. */
const LIMIT_MS = 25 * 60_000;

const say = (line: string): void => console.log(line);
const whole = (text: string): number => {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`--pairs ${text}: a whole number from 1 to 999`);
  return Number(text);
};
const { only, pairs, short } = new Command('bench')
  .description("measures Millrace's figures and writes them to bench/README.md")
  .option('--only <names>', `some of ${Object.keys(BENCHES).join(', ')} (comma between)`)
  .option('--pairs <count>', 'how many pairs where two sides are compared by rate', whole)
  .option('--short', 'a trial: few samples, nothing is kept', false)
  .parse()
  .opts<{ only?: string; pairs?: number; short: boolean }>();
const names = only?.split(',') ?? Object.keys(BENCHES);
for (const name of names) if (!BENCHES[name]) throw new Error(`--only ${name}: there is ${Object.keys(BENCHES).join(', ')}`);

const dataDir = makeDir('temporal');
const machine = describeMachine();
process.on('exit', leaveNothing);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    say(`${signal}: ends what was started`);
    process.exit(1);
  });
const server = await startTemporalServer({ dataDir, namespace: 'default', ui: false, say });

const figures: Figure[] = [];
let failed = false;
for (const line of [...machine, `Temporal: ${server.how}`, '']) say(line);
for (const name of names) {
  say(`${name} …`);
  const began = Date.now();
  try {
    const measuring = BENCHES[name]!({ temporal: server, pairs, short, say });
    // What is stuck is given up with all that follows: it still holds what the others would need.
    if (!(await within(LIMIT_MS, measuring))) {
      say(`  ${name} has not ended within ${LIMIT_MS / 60_000} minutes; the rest is left out`);
      process.exit(1);
    }
    const measured = await measuring;
    figures.push(...measured);
    const tookS = (Date.now() - began) / 1_000;
    if (!short)
      keep(Object.keys(BENCHES), {
        [name]: { at: new Date(began).toISOString(), machine, temporal: `Temporal: ${server.how}`, tookS, figures: measured },
      });
    for (const { name: title, value } of measured) say(`  ${title}: ${value} (${tookS.toFixed(0)} s)`);
  } catch (error) {
    failed = true;
    say(`  ${name} could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
say('');
print(figures, say);
await server.stop();
process.exit(failed || figures.some(({ ok }) => ok === false) ? 1 : 0);
