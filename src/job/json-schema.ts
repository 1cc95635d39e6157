import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Json } from '../index.ts';

/**
 * The check for a payload schema: JSON Schema 2020-12, with formats. It ends at the first mistake, unless it is to find all.
 *
 * @throws Error that says why it is no schema.
 */
export function compileSchema(schema: Json, allErrors = false): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors });
  addFormats.default(ajv);
  return ajv.compile(schema as object);
}
