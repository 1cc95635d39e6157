/** What a supervisor says to a role. */
export type ToRole = { type: 'stop-now' };

/** Two asks to stop: the first for an end in good order, the second for one at once. */
export type StopAsked = { first: AbortSignal; second: AbortSignal };

/**
 * Listens for Ctrl-C and its like. What comes within a moment is one ask: npm passes on what the terminal has sent to all, a
 * service manager signals a whole group. The end of the process that started us is a first ask, its word `stop-now` a second.
 */
export function listenForStop(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']): StopAsked {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = 0;
  const ask = (): void => {
    if (first.signal.aborted) return;
    firstAt = Date.now();
    first.abort(new Stopped());
  };
  const hear = (): void => {
    if (!first.signal.aborted) ask();
    else if (Date.now() - firstAt > ONE_ASK_MS) second.abort();
  };
  for (const signal of signals) process.on(signal, hear);
  process.on('disconnect', ask);
  process.on('message', (message: ToRole | null) => {
    if (message?.type !== 'stop-now') return;
    ask();
    second.abort();
  });
  return { first: first.signal, second: second.signal };
}

export class Stopped extends Error {
  override name = 'Stopped';
  override message = 'stopped';
}

/** @throws Stopped as soon as the first ask has come, whatever becomes of the work. */
export function untilStopped<T>({ first }: StopAsked, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      if (first.aborted) reject(new Stopped());
      first.addEventListener('abort', () => reject(new Stopped()), { once: true });
    }),
  ]);
}

const ONE_ASK_MS = 700;
