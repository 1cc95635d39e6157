import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import type { Json } from '../index.ts';
import { parseBytes } from '../job/bytes.ts';
import { formatDuration, parseDuration } from '../job/duration.ts';

const refuse = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });

/** Inside it is ms since 1970 on the way out and a Date on the way in. */
export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => new Date(value as number).toISOString(),
  parseValue(value) {
    const date = typeof value === 'string' ? momentOf(value) : undefined;
    if (!date)
      throw refuse(
        `${JSON.stringify(value)} is no moment such as 2026-01-31T12:00:00Z or 2026-01-31T13:00:00.5+01:00 (RFC 3339): a day that there is, a time with seconds, and Z or an offset`,
      );
    return date;
  },
});

/** Date alone takes a 30 February for the 2 March, and a time without a zone for one in the server's. */
function momentOf(text: string): Date | undefined {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})T(([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))$/i.exec(text) ?? [];
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  return new Date(`${day}T${time!.toUpperCase()}`);
}

/** Inside it is ms. */
export const Duration = new GraphQLScalarType<number, string>({
  name: 'Duration',
  serialize: (value) => formatDuration(value as number),
  parseValue(value) {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms === undefined) throw refuse(`${JSON.stringify(value)} is no length of time such as 250ms, 30s or 1h30m, at most 3650d`);
    return ms;
  },
});

const wholeNumber = (name: string) =>
  new GraphQLScalarType<number, number>({ name, serialize: (value) => value as number, parseValue: (value) => value as number });
/** Inside it is a number, on the way in also a text with a unit. */
export const Bytes = new GraphQLScalarType<number, number>({
  name: 'Bytes',
  serialize: (value) => value as number,
  parseValue(value) {
    const bytes = typeof value === 'string' ? parseBytes(value) : value;
    if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
      throw refuse(`${JSON.stringify(value)} is no size: a whole number of bytes, or a text such as 512MiB or 2GB`);
    return bytes;
  },
});
export const Version = wholeNumber('Version');

export const JsonScalar = new GraphQLScalarType<Json, Json>({
  name: 'JSON',
  serialize: (value) => value as Json,
  parseValue: (value) => checked(value as Json),
  parseLiteral: (node, variables) => checked(jsonOf(node, variables ?? {})),
});

function jsonOf(node: ValueNode, variables: Record<string, unknown>): Json {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.LIST:
      return node.values.map((item) => jsonOf(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, jsonOf(field.value, variables)]));
    case Kind.VARIABLE:
      return (variables[node.name.value] ?? null) as Json;
    default:
      return node.value;
  }
}

/** Deeper values would overflow somebody's stack further on, and a number such as 1e999 would become null on its way. */
function checked(value: Json, levels = MAX_LEVELS): Json {
  if (typeof value === 'number' && !Number.isFinite(value)) throw refuse('a number is too large for JSON');
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) throw refuse(`a JSON value may have ${MAX_LEVELS} levels`);
  for (const item of Object.values(value)) checked(item, levels - 1);
  return value;
}

const MAX_LEVELS = 64;
