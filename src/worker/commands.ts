import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { JobDefinition, Json } from '../index.ts';
import { compileSchema } from '../job/json-schema.ts';
import { commandType } from './command-type.ts';
import { defaultsSchema } from './defaults-schema.ts';
import { parseTemplate, type Template } from './template.ts';

/** A type that is a command. `at`: where in the file it stands. */
export type CommandType = { definition: JobDefinition; payloadSchema: Json; at: string };

/**
 * Reads the section `commands:` of a `millrace.yaml`: the programs that jobs may run, by type name. A mistake is told with
 * file, line and column; the commands without one are served.
 */
export function readCommands(file: string): { commands: CommandType[]; problems: string[] } {
  const lines = new LineCounter();
  let document: Document;
  try {
    document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines });
  } catch (error) {
    return { commands: [], problems: [`${file} cannot be read: ${(error as Error).message}`] };
  }
  return readSection(file, document, lines);
}

function readSection(file: string, document: Document, lines: LineCounter): { commands: CommandType[]; problems: string[] } {
  const commands: CommandType[] = [];
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const problems = document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split(/ at line |\n/)[0]}`);
  // What follows a mistake of YAML's own may be read as something else than was meant.
  if (problems.length > 0) return { commands, problems };
  /** The nearest node that is there: a field that is missing is told where it should stand. */
  const nodeAt = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return at(node.range[0]);
    }
    return `${file}:1:1`;
  };
  const tell = (path: readonly PropertyKey[], message: string): void =>
    void problems.push(`${nodeAt(path)}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`);

  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch (error) {
    // An alias of nothing, or of too much.
    return { commands, problems: [`${file}: ${(error as Error).message}`] };
  }
  for (const { path, message } of millraceFile.safeParse(content).error?.issues ?? []) tell(path, message);
  for (const [name, value] of Object.entries(withCommands.safeParse(content).data?.commands ?? {})) {
    const path = ['commands', name];
    const command = commandSchema.safeParse(value);
    if (!command.success) for (const issue of command.error.issues) tell([...path, ...issue.path], issue.message);
    else commands.push({ ...commandType(name, { ...command.data, cwd: resolve(dirname(file), command.data.cwd) }), at: nodeAt(path) });
  }
  return { commands, problems };
}

const template = (roots: readonly string[]) =>
  z.union([z.string(), z.number(), z.boolean()]).transform((value, context): Template => {
    try {
      return parseTemplate(String(value), roots);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

const payloadSchema = z.json().superRefine((schema, context) => {
  try {
    compileSchema(schema);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `no JSON Schema: ${(error as Error).message}` });
  }
});

/** What a job may ask for is in its arguments and its variables; which program that is, and where, is the file's alone. */
const fixed = (what: string) =>
  z
    .string()
    .min(1)
    .refine((text) => !text.includes('{{'), `${what} is fixed: no job may choose it`);

const commandSchema = z.strictObject({
  description: z.string().optional(),
  command: z.tuple([fixed('the program')], template(['payload', 'job'])),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'no name of a variable'), template(['payload', 'job', 'env'])).default({}),
  cwd: fixed('the folder').default('.'),
  payload: payloadSchema.default({}),
  defaults: defaultsSchema.default({}),
  exitCodes: z.strictObject({ final: z.array(z.int().min(1).max(255)) }).default({ final: [] }),
});
export type Command = z.output<typeof commandSchema>;

const withCommands = z.object({ commands: z.record(z.string(), z.unknown()).nullish() });
const millraceFile = withCommands.strict();
