import type { Json } from '../index.ts';
import type { UserErrorCode } from './errors.ts';

/** What a bulk operation does to each of its jobs. */
export type BulkAction = 'ABORT' | 'FORCE_START' | 'SET_PRIORITY' | 'HOLD' | 'RELEASE' | 'RETRY' | 'DELETE';

/** Where a bulk operation stands. The last two are final. */
export type BulkStatus = 'RUNNING' | 'SUCCEEDED' | 'ABORTED';

/** What was asked for: the input of its workflow. */
export type BulkSpec = {
  id: string;
  action: BulkAction;
  /** A job filter as JSON: its moments are RFC 3339 text. */
  filter: { [key: string]: Json };
  /** 1 to 10, of SET_PRIORITY. */
  priority?: number;
  /** Of ABORT; the job's own without. */
  graceMs?: number;
  /** ms since 1970, by the api's clock. */
  startedAt: number;
};

/** Jobs it has dealt with; both together never more than matched. */
export type BulkCounts = { done: number; failed: number };

/** Why it was not done to one job. */
export type Refusal = { code: UserErrorCode; message: string; path: string[] | null; rule: string | null };
