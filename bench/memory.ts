import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableParallelism } from 'node:os';
import type { Bench } from './figure.ts';
import { scriptOf } from './process.ts';
import { MAIN, System } from './system.ts';

type Memory = Record<string, { pssMiB: number; rssMiB: number }>;

/** What all of it takes, doing nothing and doing much. */
export const memory: Bench = async (setting) => {
  const { address: temporalAddress, pids: temporal } = setting.temporal;
  // With the job types that ship, for a runner has them all loaded.
  const system = await System.start({ temporalAddress, slots: availableParallelism(), jobsDir: scriptOf('../jobs') });
  try {
    await sleep(setting.short ? 3_000 : 15_000);
    const groups = (): Record<string, number[]> => ({ ...system.pids, temporal });
    const idle = memoryOf(groups());
    let most = idle;
    let over = false;
    const work = (async () => {
      try {
        return await burst(system, setting.short ? 60 : 600);
      } finally {
        over = true;
      }
    })();
    while (!over) {
      const now = memoryOf(groups());
      if (totalOf(now) > totalOf(most)) most = now;
      await sleep(250);
    }
    const what = await work;
    return [
      {
        name: 'memory of api + orchestrator + worker + runners (PSS)',
        value: `${totalOf(idle)} MiB idle, ${totalOf(most)} MiB at most during ${what}; Temporal beside it ${idle['temporal']?.pssMiB} and ${most['temporal']?.pssMiB} MiB`,
        bar: 'stated',
        ok: undefined,
        spread: `${availableParallelism()} slots`,
        how: `PSS (what is shared between processes counted once) from /proc/<pid>/smaps_rollup, ${setting.short ? 3 : 15} s after the start, then every 250 ms during ${what}: the moment at which our sum was highest. Temporal (without its UI) has served the other figures before.`,
        notes: [`idle: ${say(idle)}`, `at most: ${say(most)}`],
      },
    ];
  } finally {
    await system.stop();
  }
};

/** The demo, once there is one; until then cpu.burn jobs. Answers with what it was. */
async function burst(system: System, jobs: number): Promise<string> {
  if (await hasDemo()) {
    const demo = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'demo'], { stdio: 'ignore', env: system.env });
    const [code] = await once(demo, 'exit');
    if (code !== 0) throw new Error(`the demo ended with ${code}`);
    return 'the demo';
  }
  const ids = await system.createMany(jobs, 'cpu.burn', { ms: 20 });
  await Promise.all(ids.map((id) => system.feed.until(id, 'FINISHED')));
  return `${jobs} × cpu.burn {ms: 20}`;
}

async function hasDemo(): Promise<boolean> {
  const help = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '--help'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  for await (const chunk of help.stdout) text += String(chunk);
  return /^\s+demo\b/m.test(text);
}

function memoryOf(groups: Record<string, number[]>): Memory {
  return Object.fromEntries(
    Object.entries(groups).map(([name, pids]) => [name, { pssMiB: inMiB(pids, 'Pss'), rssMiB: inMiB(pids, 'Rss') }]),
  );
}

function inMiB(pids: number[], field: 'Pss' | 'Rss'): number {
  const kiB = pids.map((pid) => {
    try {
      return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return Math.round(kiB.reduce((a, b) => a + b, 0) / 1024);
}

const totalOf = ({ temporal: _, ...ours }: Memory): number => Object.values(ours).reduce((total, { pssMiB }) => total + pssMiB, 0);
const say = (memory: Memory): string =>
  Object.entries(memory)
    .map(([name, { pssMiB, rssMiB }]) => `${name} ${pssMiB} (RSS ${rssMiB})`)
    .join(', ');
