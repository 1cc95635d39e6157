import { join } from 'node:path';
import { freePort } from '../test/engine/ports.ts';
import type { Bench } from './figure.ts';
import { makeDir, removeDir } from './leftovers.ts';
import { Process, scriptOf } from './process.ts';
import { median, quantile, short, spread } from './stats.ts';
import { MAIN, System } from './system.ts';
import { startWhole } from './whole.ts';

/** From nothing to ready: all of `npm start`, and the api alone. */
export const startup: Bench = async (setting) => {
  const samples = setting.short ? 2 : 9;
  const fresh: number[] = [];
  const again: number[] = [];
  for (let sample = -1; sample < samples; sample++) {
    const dataDir = makeDir('start');
    try {
      const first = await startAll(dataDir);
      const second = await startAll(dataDir);
      // The first makes sure that binary, bundle and compiled code are cached.
      if (sample < 0) continue;
      fresh.push(first);
      again.push(second);
    } finally {
      removeDir(dataDir);
    }
  }
  const slower = Math.max(median(fresh), median(again));
  return [
    {
      name: '`npm start` → ready',
      value: `${(median(fresh) / 1_000).toFixed(2)} s in a fresh data directory, ${(median(again) / 1_000).toFixed(2)} s in one that is there`,
      bar: '≤ 8 s',
      ok: slower <= 8_000,
      spread: `fresh ${spread(fresh, ' ms')}; again ${spread(again, ' ms')}`,
      how: 'From the spawn of the node that `npm start` runs to the end of its screen on stdout: Temporal with its Web UI, orchestrator, worker with warm runners, api. Program, bundle and compiled code cached.',
    },
    await apiAlone(setting),
  ];
};

const apiAlone = async (setting: Parameters<Bench>[0]) => {
  const samples = setting.short ? 4 : 21;
  const system = await System.start({ temporalAddress: setting.temporal.address, slots: 1 });
  try {
    const ready: number[] = [];
    const imports: number[] = [];
    for (let sample = -1; sample < samples; sample++) {
      const api = await timed([MAIN, 'api'], { ...system.env, MILLRACE_PORT: String(await freePort()) }, system.dataDir);
      const bare = await timed([scriptOf('api-imports.ts')], system.env, system.dataDir);
      if (sample < 0) continue;
      ready.push(api);
      imports.push(bare);
    }
    const ratio = median(ready) / median(imports);
    return {
      name: 'api process alone → ready, ÷ its bare imports',
      value: `${ratio.toFixed(2)} (${short(median(ready))} ms ÷ ${short(median(imports))} ms)`,
      bar: '≤ 2',
      ok: ratio <= 2,
      spread: `ready ${spread(ready, ' ms')}; imports ${spread(imports, ' ms')}`,
      how: 'From spawn to the `ready` message over IPC, in turn with a process that only imports src/cli/api.ts with the same compile cache (bench/api-imports.ts). Temporal and the journal are there, orchestrator, worker and another api run idle.',
      notes: [`latest: ${short(quantile(ready, 1))} ms`],
    };
  } finally {
    await system.stop();
  }
};

async function timed(args: string[], env: NodeJS.ProcessEnv, dataDir: string): Promise<number> {
  const process = new Process({ args, env, logFile: join(dataDir, 'logs', 'timed.log') });
  try {
    return await process.ready;
  } finally {
    await process.stop();
  }
}

/** Resolves with the ms to the screen, when all of it is stopped again. */
async function startAll(dataDir: string): Promise<number> {
  const whole = await startWhole(dataDir);
  await whole.stop();
  return whole.readyMs;
}
