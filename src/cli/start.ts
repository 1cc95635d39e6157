import type { Config } from '../config.ts';
import { startAllRoles } from './all-roles.ts';
import { listenForStop, Stopped, untilStopped } from './stop-signal.ts';

/** Runs all of Millrace on this machine, each role a process of its own, until Ctrl-C. Resolves when all is gone. */
export async function start(config: Config, env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<void> {
  const asked = listenForStop();
  try {
    const millrace = await startAllRoles(config, env, say, asked);
    say(
      [
        '',
        'Millrace runs: api, orchestrator, worker, Temporal, each a process of its own.',
        '',
        millrace.screen,
        '',
        'Ctrl-C stops it. Everything is kept and goes on at the next start.',
        '',
      ].join('\n'),
    );
    try {
      await untilStopped(asked, millrace.ended);
    } finally {
      await millrace.stop();
    }
  } catch (error) {
    if (!(error instanceof Stopped) && !asked.first.aborted) throw error;
  }
}
