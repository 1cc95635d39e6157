import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from '../log.ts';
import { Fault, UserError } from '../job/errors.ts';
import type { UserError as UserErrorShape } from './schema.gen.ts';

/** A refusal as `userErrors` has it. @throws whatever is no refusal. */
export function toUserError(error: unknown): UserErrorShape {
  if (!(error instanceof UserError)) throw error;
  return { code: error.code, message: error.message, path: error.path?.map(String) ?? null, rule: error.rule ?? null };
}

export const notFound = (id: string): UserError => new UserError('NOT_FOUND', `there is no job "${id.slice(0, 220)}"`, { path: ['id'] });

/** Reads from the journal. @throws Fault BACKEND_UNAVAILABLE where it cannot be read, or whatever is wrong with what was asked. */
export async function fromJournal<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('BACKEND_UNAVAILABLE', 'the journal cannot be read now; jobs go on, try again in a moment', { cause: error });
  }
}

/** What a client is told of an error: its own mistakes and known faults in full, anything else without its insides. */
export function formatError(log: Logger, formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const original = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (original instanceof Fault) {
    if (original.code === 'BACKEND_UNAVAILABLE') log.error({ err: original.cause ?? original }, original.message);
    return { ...formatted, message: original.message, extensions: { code: original.code } };
  }
  if (original instanceof GraphQLError) return { ...formatted, extensions: { code: formatted.extensions?.['code'] ?? 'BAD_USER_INPUT' } };
  log.error({ err: original }, 'a request failed by a fault of ours');
  return { ...formatted, message: 'an internal fault; the server log has it', extensions: { code: 'INTERNAL_SERVER_ERROR' } };
}
