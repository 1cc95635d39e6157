import type { Annotations } from '../index.ts';
import { LIMITS } from '../job/spec.ts';

/** What is noted on one attempt. Anything that is no JSON object, or too much, is left out with a word in the job's log. */
export class Notes {
  readonly #tell: (all: Annotations) => void;
  readonly #complain: (text: string) => void;
  #all: Annotations = {};

  constructor(tell: (all: Annotations) => void, complain: (text: string) => void) {
    this.#tell = tell;
    this.#complain = complain;
  }

  /** Merges field by field. Never throws: a note is no reason to fail. */
  add(values: unknown): void {
    try {
      if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new Error('annotations must be an object');
      const text = JSON.stringify({ ...this.#all, ...values });
      const bytes = Buffer.byteLength(text);
      if (bytes > LIMITS.annotationsBytes)
        throw new Error(`annotations would have ${bytes} bytes of JSON, ${LIMITS.annotationsBytes} are allowed`);
      this.#all = JSON.parse(text) as Annotations;
      this.#tell(this.#all);
    } catch (error) {
      this.#complain(`left out what was to be noted: ${(error as Error).message}`);
    }
  }
}
