/** Whether a raw call of Temporal's service was answered by NOT_FOUND (https://grpc.io/docs/guides/status-codes): what it is about is not there, or not any more. */
export const isNotFound = (error: unknown): boolean => (error as { code?: unknown }).code === NOT_FOUND;

const NOT_FOUND = 5;
