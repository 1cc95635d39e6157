/** What a caller can act on, as answered in `userErrors`. Values are added. */
export type UserErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_TYPE'
  | 'BAD_PAYLOAD'
  | 'PAYLOAD_TOO_LARGE'
  | 'ID_TAKEN'
  | 'UNKNOWN_DEPENDENCY'
  | 'DEPENDENCY_CYCLE'
  | 'ALREADY_FINISHED'
  | 'NOT_FINISHED'
  | 'NOT_RESUMABLE'
  | 'UNSUPPORTED'
  | 'TOO_MANY'
  | 'BACKEND_UNAVAILABLE';

/** Faults that are not the caller's: top-level GraphQL errors. */
export type FaultCode = 'BACKEND_UNAVAILABLE' | 'BAD_USER_INPUT';

/** Refused, and the caller can do something about it. Anything that is not one of these two classes is a bug. */
export class UserError extends Error {
  override name = 'UserError';
  readonly code: UserErrorCode;
  readonly path: (string | number)[] | undefined;
  readonly rule: string | undefined;
  constructor(code: UserErrorCode, message: string, at: { path?: (string | number)[]; rule?: string } = {}) {
    super(message);
    this.code = code;
    this.path = at.path;
    this.rule = at.rule;
  }
}

/** The request cannot be answered now, or not as it was asked. */
export class Fault extends Error {
  override name = 'Fault';
  readonly code: FaultCode;
  /** Of a job of which it is not known whether it was created. */
  readonly jobId: string | undefined;
  constructor(code: FaultCode, message: string, options?: ErrorOptions & { jobId?: string }) {
    super(message, options);
    this.code = code;
    this.jobId = options?.jobId;
  }
}

/** Any thrown value as plain fields; a handler may throw what is no Error. */
export function plainError(thrown: unknown, retryable = true): { name: string; message: string; stack?: string; retryable: boolean } {
  if (thrown instanceof Error) {
    const { name, message, stack } = thrown;
    return { name, message: message.slice(0, MAX_MESSAGE), ...(stack ? { stack: stack.slice(0, MAX_STACK) } : {}), retryable };
  }
  return { name: 'NonError', message: `a value that is no Error was thrown: ${describe(thrown)}`.slice(0, MAX_MESSAGE), retryable };
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Temporal keeps at most 4 KiB of a failure with a workflow that is open. */
const MAX_MESSAGE = 1_000;
const MAX_STACK = 2_000;
