import type { Json } from '../index.ts';

/** What the parts of a template are taken from. */
export type Values = { [root: string]: Json };

/** A text with parts such as `{{payload.width}}`, taken apart: texts, and paths into the values. */
export type Template = readonly (string | readonly string[])[];

/**
 * Takes a text apart.
 *
 * @throws Error where a part is not closed, or does not begin with one of `roots`.
 */
export function parseTemplate(text: string, roots: readonly string[]): Template {
  return text.split(/(\{\{.*?\}\})/s).flatMap((part): Template => {
    if (!part.startsWith('{{')) return part ? [part] : [];
    const path = part.slice(2, -2).trim().split('.');
    const isPath = path.length > 1 && path.every((name) => /^[\w-]+$/.test(name));
    if (!part.endsWith('}}') || !isPath || !roots.includes(path[0]!))
      throw new Error(`"${part}" is no template: write ${roots.map((root) => `{{${root}.NAME}}`).join(' or ')}`);
    return [path];
  });
}

/**
 * One text, whatever the values hold: nothing in them is read as a template again.
 *
 * @throws Error that names the path whose value is missing, is no string, number or boolean, or has a NUL.
 */
export const fillIn = (template: Template, values: Values): string =>
  template.map((part) => (typeof part === 'string' ? part : valueAt(values, part))).join('');

function valueAt(values: Values, path: readonly string[]): string {
  const value = path.reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), values);
  const name = path.join('.');
  if (value === undefined) throw new Error(`${name} is missing, and the command needs it`);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new Error(`${name} is no string, number or boolean, so it cannot stand in a command`);
  const text = String(value);
  if (text.includes('\0')) throw new Error(`${name} has a NUL character, which no argument can hold`);
  return text;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
