import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command } from 'commander';
import { cacheDirOf } from '../cache-dir.ts';
import { ConfigError, readConfig } from '../config.ts';
import { REFUSED, runRole } from './role.ts';
import { version } from '../version.ts';

// Halves what a role needs to start.
enableCompileCache(join(cacheDirOf(process.env), 'compiled'));

/** The commands, declared. Each loads only what it needs, so that a role starts fast. */
const program = new Command('millrace').description(
  'A job service for CPU-bound work: GraphQL in front, Temporal behind, every attempt in a process of its own.',
);
program.version(version, '-V, --version', "say Millrace's version");

program
  .command('start', { isDefault: true })
  .description('run all of it on this machine: Temporal, orchestrator, worker and api')
  .action(async () => (await import('./start.ts')).start(readConfig(process.env), process.env, console.log));
program
  .command('api')
  .description('serve GraphQL, health and the playground')
  .action(async () => runRole('api', readConfig(process.env), (await import('./api.ts')).startApi));
program
  .command('orchestrator')
  .description('run the workflows that keep every job durable')
  .action(async () => runRole('orchestrator', readConfig(process.env), (await import('./orchestrator.ts')).startOrchestrator));
program
  .command('worker')
  .description('take attempts from a pool and run each in a process')
  .option('--pool <name>', 'the pool to serve (MILLRACE_POOL)')
  .option('--slots <count>', 'attempts at once (MILLRACE_SLOTS)')
  .action(async ({ pool, slots }: { pool?: string; slots?: string }) => {
    const env = { ...process.env, ...(pool ? { MILLRACE_POOL: pool } : {}), ...(slots ? { MILLRACE_SLOTS: slots } : {}) };
    await runRole('worker', readConfig(env), (await import('./worker.ts')).startWorker);
  });
program
  .command('temporal')
  .description("run the data directory's own Temporal server")
  .action(async () => runRole('temporal', readConfig(process.env), (await import('./temporal.ts')).startTemporal));
program
  .command('demo')
  .description('run 20 jobs of 5 types on a worker of 4 slots and watch them, on the Millrace that runs or on one of its own')
  .option('--exit', 'end when the jobs have, instead of leaving a Millrace of its own up to be looked at')
  .action(
    async (options: { exit?: boolean }) =>
      void (process.exitCode = await (await import('./demo.ts')).demo(readConfig(process.env), process.env, options)),
  );
program
  .command('journal')
  .description('the read model')
  .command('rebuild')
  .description('write the journal again from Temporal: every job within its retention')
  .action(async () => (await import('./rebuild.ts')).rebuild(readConfig(process.env), console.log));

// Else the default command would be told of an argument that it does not know.
const names = program.commands.map((command) => command.name());
const [asked] = process.argv.slice(2);
if (asked !== undefined && !asked.startsWith('-') && ![...names, 'help'].includes(asked))
  program.error(`error: there is no command "${asked}": there are ${names.join(', ')} (millrace --help)`);

try {
  await program.parseAsync();
} catch (error) {
  // A fault of the setup is told in a sentence; anything else is ours and keeps its stack.
  console.error(error instanceof ConfigError ? error.message : error instanceof Error && error.name !== 'Error' ? error.message : error);
  process.exitCode = error instanceof ConfigError ? REFUSED : 1;
}
