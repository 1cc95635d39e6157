import { z } from 'zod';
import type { JobContext, JobDefaults, JobDefinition, Json } from '../index.ts';
import { compileSchema } from '../job/json-schema.ts';
import type { Command } from './commands.ts';
import { runProgram } from './run-program.ts';
import { fillIn, type Template, type Values } from './template.ts';

/** A command as a job type like any other: only its handler is ours. */
export function commandType(name: string, command: Command): { definition: JobDefinition; payloadSchema: Json } {
  const [program, ...args] = command.command;
  const env = Object.entries(command.env);
  const check = compileSchema(command.payload);
  const templates: Template[] = [...args, ...env.map(([, template]) => template)];

  const payload = z.json().superRefine((value, context) => {
    if (!check(value)) {
      const [error] = check.errors ?? [];
      context.addIssue({ code: 'custom', message: `payload${error?.instancePath ?? ''} ${error?.message ?? 'breaks the schema'}` });
    }
    for (const template of templates) {
      try {
        fillIn(
          template.filter((part) => typeof part === 'string' || part[0] === 'payload'),
          { payload: value },
        );
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
      }
    }
  });

  const run = async ({ payload, job, attempt, signal }: JobContext<Json>): Promise<Json> => {
    const values: Values = { payload, job: { id: job.id, type: job.type, queue: job.queue, attempt } };
    // The worker's own variables, which may be secret, are for the program's variables, which nobody else can list.
    const withEnv: Values = { ...values, env: process.env as Record<string, string> };
    return runProgram({
      program,
      args: args.map((template) => fillIn(template, values)),
      env: {
        ...inherited(),
        ...Object.fromEntries(env.map(([name, template]) => [name, fillIn(template, withEnv)])),
        MILLRACE_JOB_ID: job.id,
        MILLRACE_ATTEMPT: String(attempt),
      },
      cwd: command.cwd,
      finalExitCodes: command.exitCodes.final,
      signal,
    });
  };
  const { description, defaults } = command;
  return {
    // Those that are not set are not there.
    definition: { name, payload, run, defaults: defaults as JobDefaults, ...(description ? { description } : {}) } as JobDefinition,
    payloadSchema: command.payload,
  };
}

const inherited = (): Record<string, string> =>
  Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

/** What a program cannot well do without, and by what it is known as one that we have started. */
const INHERITED = 'PATH HOME USER LOGNAME SHELL LANG LC_ALL LC_CTYPE TZ TMPDIR MILLRACE_DATA_DIR MILLRACE_RUNNER'.split(' ');
