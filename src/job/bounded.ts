import { UserError } from './errors.ts';

/** The value itself. @throws UserError INVALID_ARGUMENT with its path where it is under the least or over the most. */
export function bounded<T extends number | null>(path: string, rule: string, value: T, least: number, most = Number.MAX_SAFE_INTEGER): T {
  if (value !== null && (value < least || value > most))
    throw new UserError('INVALID_ARGUMENT', `${path} ${value} is out of bounds: ${rule}`, { path: path.split('.') });
  return value;
}
