import { Command, InvalidArgumentError } from 'commander';
import { BLOW_KINDS, type BlowKind } from './blows.ts';
import { runChaos } from './chaos.ts';
import { type Plant, PLANTS } from './plants.ts';
import { linesOf } from './report.ts';

const above0 = (text: string): number => {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('a number above 0');
  return Number(text);
};
const some =
  <T extends string>(all: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((name) => {
      const found = all.find((each) => each === name);
      if (!found) throw new InvalidArgumentError(`there is ${all.join(', ')}`);
      return found;
    });

const options = new Command('chaos')
  .description('kills, stops and cuts off what it can of a Millrace of its own under load, and checks what must hold whatever dies')
  .option('--minutes <minutes>', 'how long', above0, 60)
  .option('--seed <seed>', 'which jobs, and which blows in which order', Number, Math.floor(Math.random() * 1_000_000))
  .option('--longest <seconds>', 'how long at most something is stopped, locked, full or away', above0, 8)
  .option('--rest <seconds>', 'how long every job has to end once the last blow is over', above0, 180)
  .option('--only <blows>', `only these (comma between): ${BLOW_KINDS.join(', ')}`, some(BLOW_KINDS), BLOW_KINDS)
  .option('--plant <faults>', `make these faults on purpose (comma between): ${PLANTS.join(', ')}`, some(PLANTS), [])
  .parse()
  .opts<{ minutes: number; seed: number; longest: number; rest: number; only: BlowKind[]; plant: Plant[] }>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const say = (line: string): void => console.log(line);
say(`seed ${options.seed}`);
const report = await runChaos({
  ...options,
  longestMs: options.longest * 1_000,
  restMs: options.rest * 1_000,
  kinds: options.only,
  plants: options.plant,
  say,
});
for (const line of linesOf(report)) say(line);
process.exit(report.violations.length > 0 ? 1 : 0);
