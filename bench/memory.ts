import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf, type Memory } from '../src/cli/demo/processes.ts';
import { endGroup } from '../src/process/group.ts';
import { within } from '../src/process/within.ts';
import type { Bench } from './figure.ts';
import { forgetGroup, watchGroup } from './leftovers.ts';
import { scriptOf } from './process.ts';
import { sum } from './stats.ts';
import { MAIN, System } from './system.ts';

type Reading = { ours: Memory[]; oursMiB: number; temporalMiB: number };

/** What all of it takes, doing nothing and during the demo. */
export const memory: Bench = async (setting) => {
  // With the job types that ship, for a runner has them all loaded.
  const system = await System.start({
    temporalAddress: setting.temporal.address,
    slots: availableParallelism(),
    jobsDir: scriptOf('../jobs'),
  });
  try {
    await sleep(IDLE_MS);
    const read = (): Reading => readNow(system.dataDir, setting.temporal.pids);
    const idle = read();
    let most = idle;
    const demo = runDemo(system);
    const began = Date.now();
    let over = false;
    const ended = demo.finally(() => (over = true));
    while (!over) {
      const now = read();
      if (now.oursMiB > most.oursMiB) most = now;
      await sleep(250);
    }
    const output = await ended;
    return [
      {
        name: 'memory of api + orchestrator + worker + runners (PSS)',
        value: `idle ${idle.oursMiB} MiB, during the demo at most ${most.oursMiB} MiB; Temporal beside it ${idle.temporalMiB} and ${most.temporalMiB} MiB`,
        bar: 'stated',
        ok: undefined,
        spread: `${availableParallelism()} slots, and 4 of the demo's own worker`,
        how: `PSS (what processes share is counted once) from /proc/<pid>/smaps_rollup: ${IDLE_MS / 1_000} s after the start, and every 250 ms during \`npm run demo\` on that system, at the moment at which our sum was highest; it has the demo's own worker and its 4 runners in it. Temporal runs without its UI and has served the figures above before.`,
        notes: [
          `idle: ${say(idle)}`,
          `at most: ${say(most)}`,
          `the demo took ${((Date.now() - began) / 1_000).toFixed(1)} s with its start and end; ${lastLine(output)}`,
        ],
      },
    ];
  } finally {
    await system.stop();
  }
};

function readNow(dataDir: string, temporal: number[]): Reading {
  // Every process of the data directory, but for this one.
  const ours = memoryOf(dataDir).filter(({ pids }) => !pids.includes(process.pid));
  return { ours, oursMiB: inMiB(sum(ours.map(({ ownBytes }) => ownBytes))), temporalMiB: inMiB(sum(temporal.map(pssOf))) };
}

/** Resolves with what it said. */
async function runDemo(system: System): Promise<string> {
  const demo = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'demo', '--exit'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: system.env,
  });
  watchGroup(demo.pid!);
  let output = '';
  demo.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(demo, 'close');
  if (!(await within(DEMO_MS, closed))) await endGroup(demo.pid!, 10_000);
  const [code] = (await closed) as [number | null];
  forgetGroup(demo.pid!);
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${output.slice(-2_000)}`);
  return output;
}

const lastLine = (output: string): string => output.split('\n').find((line) => line.startsWith('As expected')) ?? '';
/** Bytes, what it shares with others counted once. */
export const pssOf = (pid: number): number =>
  1024 * Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
const inMiB = (bytes: number): number => Math.round(bytes / 2 ** 20);
const say = ({ ours, temporalMiB }: Reading): string =>
  [...ours.map(({ name, ownBytes, rssBytes }) => `${name} ${inMiB(ownBytes)} (RSS ${inMiB(rssBytes)})`), `Temporal ${temporalMiB}`].join(
    ', ',
  );
const IDLE_MS = 15_000;
const DEMO_MS = 120_000;
