/** Two asks to stop: the first for an end in good order, the second for one at once. */
export type StopAsked = { first: AbortSignal; second: AbortSignal };

/** Listens for Ctrl-C and its like. npm passes Ctrl-C on although the terminal has sent it to all: what comes within a moment is one ask. */
export function listenForStop(): StopAsked {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = 0;
  const hear = (): void => {
    if (!first.signal.aborted) {
      firstAt = Date.now();
      first.abort(new Stopped());
    } else if (Date.now() - firstAt > ONE_ASK_MS) second.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear);
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
