import { spawn } from 'node:child_process';
import { endGroup } from '../src/process/group.ts';
import { freePort } from '../test/engine/ports.ts';
import { forgetGroup, watchGroup } from './leftovers.ts';
import { MAIN } from './system.ts';

/** All of Millrace as `npm start` runs it, with a Temporal server of its own. */
export type Whole = { url: string; readyMs: number; stop(): Promise<void> };

/** Resolves when its screen is there. @throws Error with what it has said when it ends before. */
export async function startWhole(dataDir: string, env: Record<string, string> = {}): Promise<Whole> {
  const { TEMPORAL_ADDRESS: _, ...rest } = process.env;
  const port = String(await freePort());
  const began = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'start'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...rest, MILLRACE_DATA_DIR: dataDir, MILLRACE_PORT: port, ...env },
  });
  watchGroup(child.pid!);
  const stop = async (): Promise<void> => {
    await endGroup(child.pid!, STOP_MS);
    forgetGroup(child.pid!);
  };
  try {
    const readyMs = await new Promise<number>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Ctrl-C stops it')) resolve(performance.now() - began);
      });
      child.once('exit', () => reject(new Error(`start ended: ${said}`)));
    });
    return { url: `http://127.0.0.1:${port}`, readyMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const STOP_MS = 20_000;
