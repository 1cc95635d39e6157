import type { ErrorObject, ValidateFunction } from 'ajv';

export type Mistake = { path: string[]; rule: string; sentence: string };

/** What is wrong with the payload that `check` has just refused, each with the place that it is about. */
export const mistakesOf = ({ errors }: ValidateFunction): Mistake[] => (errors ?? []).map(mistakeOf);

/** The first {@link MAX_TOLD} in a sentence, and how many more there are. */
export function tell(mistakes: readonly Mistake[]): string {
  const told = [...new Set(mistakes.map(({ sentence }) => sentence))];
  const more = told.length - MAX_TOLD;
  return told.slice(0, MAX_TOLD).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function mistakeOf({ instancePath, keyword, message, params }: ErrorObject): Mistake {
  const inside = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { missingProperty, additionalProperty, unevaluatedProperty, allowedValues } = params as Partial<Record<string, string>>;
  const unknown = additionalProperty ?? unevaluatedProperty;
  const path = ['payload', ...inside, ...[missingProperty ?? unknown ?? []].flat()];
  return { path, rule: keyword, sentence: `${path.join('.')} ${wrong()}` };

  // Ajv's own words are about the object around it.
  function wrong(): string {
    if (missingProperty !== undefined) return 'is missing';
    if (unknown !== undefined) return 'is not known to the schema';
    if (allowedValues !== undefined) return `${message}: ${JSON.stringify(allowedValues).slice(0, MAX_VALUES)}`;
    return message ?? 'breaks the schema';
  }
}

const MAX_TOLD = 5;
const MAX_VALUES = 300;
