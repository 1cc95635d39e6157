import { Socket } from 'node:net';
import { Channel, CHANNEL_FD } from './channel.ts';
import { endOutput } from './end-output.ts';
import { execute } from './execute.ts';
import { findOurs } from './find-ours.ts';
import { loadJobs } from './load-jobs.ts';
import type { FromRunner, ToRunner } from './protocol.ts';

/** A runner's own side: loads the job modules once, then executes one attempt after the other for its supervisor. */

const leave = (): never => process.exit(1);
const channel = new Channel(new Socket({ fd: CHANNEL_FD }), {
  heard: (message) => void take(message as ToRunner),
  broken: leave,
  // The supervisor is gone. One that is stuck in a loop does not get here: the guardian ends it.
  closed: leave,
});
const say = (message: FromRunner): void => channel.send(message);
const [jobsDir = './jobs', commandsFile, ...skip] = process.argv.slice(2);
findOurs();
const jobs = await loadJobs({ jobsDir, commandsFile, skip, onLoading: (file) => say({ type: 'loading', file }) });
let stopping: AbortController | undefined;

// The ask to stop: the handler may clean up for the grace it was given, then it is killed.
process.on('SIGTERM', () => (stopping ? stopping.abort(new Error('the job is asked to stop')) : process.exit(0)));
// Ctrl-C in a terminal is the supervisor's to handle.
process.on('SIGINT', () => {});
// A handler may have closed its output; that is no reason to die.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

say({ type: 'ready', types: jobs.types, problems: jobs.problems });

async function take({ run, attempt }: ToRunner): Promise<void> {
  stopping = new AbortController();
  const { signal } = stopping;
  const { answer, isTidy } = await execute(attempt, jobs, signal, {
    say: (message) => say({ ...message, run }),
    log: (text) => console.log(text),
    complain: (text) => console.error(text),
  });
  await endOutput(run);
  stopping = undefined;
  // Who has closed an output leaves none to the next one.
  const hasOutput = process.stdout.writable && process.stderr.writable;
  say({ ...answer, run, reusable: isTidy && !signal.aborted && hasOutput });
}
