import type { ValidateFunction } from 'ajv';
import type { Json } from '../index.ts';
import { Fault, UserError } from '../job/errors.ts';
import { compileSchema } from '../job/json-schema.ts';
import { LIMITS } from '../job/spec.ts';
import type { Journal } from '../journal/journal.ts';
import { readJobTypes, type JobTypeRow } from '../journal/read-workers.ts';
import { mistakesOf, tell } from './payload-mistakes.ts';

/** The job types as workers have published them. The last known ones serve while the journal cannot be read. */
export class JobTypes {
  readonly #journal: Journal;
  readonly #checks = new Map<string, ValidateFunction>();
  #known: Map<string, JobTypeRow> | undefined;
  #readAt = 0;

  /** Those of a journal that is gone: workers publish theirs to its successor, each when it notices. */
  #former: { types: Map<string, JobTypeRow>; until: number } | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
    journal.onReplaced(() => {
      if (this.#known) this.#former = { types: this.#known, until: Date.now() + PUBLISHED_AGAIN_MS };
    });
  }

  /** @throws Fault BACKEND_UNAVAILABLE where they have never been read and cannot be now. */
  async all(): Promise<Map<string, JobTypeRow>> {
    // createJob asks each time; one read serves a burst of them.
    if (this.#known && Date.now() - this.#readAt < FRESH_MS) return this.#known;
    try {
      this.#known = this.#withFormer(await readJobTypes(this.#journal.db));
      this.#readAt = Date.now();
    } catch (error) {
      if (!this.#known)
        throw new Fault('BACKEND_UNAVAILABLE', 'the job types cannot be read from the journal now, try again in a moment', {
          cause: error,
        });
    }
    return this.#known;
  }

  /** @throws UserError UNKNOWN_TYPE */
  async get(name: string): Promise<JobTypeRow> {
    const type = (await this.all()).get(name) ?? (await this.#again()).get(name);
    if (type) return type;
    const names = [...(await this.all()).keys()];
    throw new UserError(
      'UNKNOWN_TYPE',
      `no worker has published the job type "${name}"; there ${names.length === 0 ? 'are none yet: is a worker running?' : `are ${names.join(', ')}`}`,
      { path: ['type'] },
    );
  }

  /** @throws UserError BAD_PAYLOAD with the path and the rule of the first mistake and a sentence on all, PAYLOAD_TOO_LARGE */
  checkPayload(type: JobTypeRow, payload: Json): void {
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes > LIMITS.payloadBytes)
      throw new UserError(
        'PAYLOAD_TOO_LARGE',
        `the payload has ${bytes} bytes of JSON, ${LIMITS.payloadBytes} are allowed: store it elsewhere and pass where it is`,
        { path: ['payload'] },
      );
    const check = this.#checkOf(type.payloadSchema);
    if (check(payload)) return;
    const [first] = mistakesOf(check);
    // A check that goes on after a mistake makes an object for each: of a large payload only the first is told.
    const all = bytes <= MAX_EXPLAINED_BYTES ? this.#checkOf(type.payloadSchema, true) : check;
    if (all !== check) all(payload);
    throw new UserError('BAD_PAYLOAD', `${tell(mistakesOf(all))} (type ${type.name})`, {
      path: first?.path ?? ['payload'],
      rule: first?.rule ?? '',
    });
  }

  async #again(): Promise<Map<string, JobTypeRow>> {
    this.#readAt = 0;
    return this.all();
  }

  #withFormer(types: Map<string, JobTypeRow>): Map<string, JobTypeRow> {
    if (this.#former && Date.now() < this.#former.until) return new Map([...this.#former.types, ...types]);
    this.#former = undefined;
    return types;
  }

  #checkOf(schema: Json, allErrors = false): ValidateFunction {
    const text = (allErrors ? 'all ' : '') + JSON.stringify(schema);
    let check = this.#checks.get(text);
    if (!check) {
      if (this.#checks.size >= MAX_CHECKS) this.#checks.clear();
      check = compileSchema(schema, allErrors);
      this.#checks.set(text, check);
    }
    return check;
  }
}

const FRESH_MS = 1_000;
const PUBLISHED_AGAIN_MS = 10_000;
const MAX_CHECKS = 1_000;
const MAX_EXPLAINED_BYTES = 65_536;
