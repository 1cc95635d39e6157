import { fileURLToPath } from 'node:url';
import { start } from './start.ts';

/** Until when a group may live if we say nothing more: a time by `upS`. `mark`: of those who go with it, wherever they have moved to. */
export type LifeLimit = { untilS: number; mark: string };

export type Guardian = {
  /** From now on, and no longer than the limit; told again, the limit is another, or none. */
  watch(pgid: number, limit?: LifeLimit): void;
  forget(pgid: number): void;
  stop(): void;
  /** Resolves when it is gone, which it should not be before it was stopped. */
  ended: Promise<void>;
};

/**
 * A small process that outlives us by a moment: it holds the other end of a pipe, and when that ends, however we died,
 * it kills every process group it was told of, and then whoever carries the mark in its environment, wherever it has moved
 * to. Before that it kills a group that is past its limit, with whoever carries that one's mark: we may be stopped, and know nothing
 * of the time. It looks every second, or as often as a busy machine lets it.
 *
 * Without /proc (not Linux) it knows only the groups, and no limits. A shell, for it takes 1 MB and starts at once.
 */
export function startGuardian(mark: string, shell = '/bin/sh'): Guardian {
  const child = start(shell, [SCRIPT, mark], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin?.on('error', () => {});
  child.unref();
  const say = (line: string): void => void child.stdin?.write(`${line} .\n`);
  return {
    watch: (pgid, limit) => say(limit ? `+ ${pgid} ${Math.round(limit.untilS * 100)} ${limit.mark.slice(mark.length)}` : `+ ${pgid} - -`),
    forget: (pgid) => say(`- ${pgid} - -`),
    stop: () => void child.stdin?.end(),
    // `error`: the system had no process left for it.
    ended: new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve())),
  };
}

const SCRIPT = fileURLToPath(new URL('./guardian.sh', import.meta.url));
