import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { FinalError } from '../index.ts';
import { groupMembers } from '../process/group.ts';

export type Program = {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  finalExitCodes: readonly number[];
  signal: AbortSignal;
};

/**
 * Runs a program in this process' group, with its stdout and stderr, and never through a shell. Resolves when it has ended
 * with exit code 0; what it has left behind in the group is killed.
 *
 * @throws Error that names the exit code or the signal. FinalError where it can never be started, or the code is a final one.
 */
export async function runProgram({ program, args, env, cwd, finalExitCodes, signal }: Program): Promise<{ exitCode: 0 }> {
  const before = groupMembers(process.pid);
  const { exitCode, killedBy } = await untilEnded({ program, args, env, cwd });
  for (const pid of groupMembers(process.pid)) if (!before.includes(pid)) killQuietly(pid);
  signal.throwIfAborted();
  if (killedBy) throw new Error(`the program "${program}" was ended by ${killedBy}, which nobody here has sent`);
  if (exitCode === 0) return { exitCode };
  const message = `the program "${program}" ended with exit code ${exitCode}`;
  throw exitCode !== null && finalExitCodes.includes(exitCode) ? new FinalError(message) : new Error(message);
}

async function untilEnded({ program, args, env, cwd }: Omit<Program, 'finalExitCodes' | 'signal'>) {
  try {
    // Who asks us to stop asks it as well: it is of our group, and a second SIGTERM would mean more haste to many.
    const child = spawn(program, args, { cwd, env, shell: false, stdio: ['ignore', 'inherit', 'inherit'] });
    const [exitCode, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { exitCode, killedBy };
  } catch (error) {
    throw asUnstartable(program, cwd, error as NodeJS.ErrnoException);
  }
}

/** Where the machine is at its limits for a moment, trying again is of use. */
function asUnstartable(program: string, cwd: string, error: NodeJS.ErrnoException): Error {
  const known: Record<string, string> = {
    ENOENT: existsSync(cwd) ? 'there is no such program' : `there is no folder ${cwd}`,
    EACCES: 'it may not be executed',
    ENOTDIR: `${cwd} is no folder`,
    E2BIG: 'its arguments are too long',
  };
  const why = known[error.code ?? ''];
  const message = `the program "${program}" cannot be started: ${why ?? error.message}`;
  return why ? new FinalError(message) : new Error(message, { cause: error });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
