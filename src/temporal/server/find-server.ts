/**
 * A program that is a Temporal server: the CLI, which has the UI in it, or the server and the UI as programs of their own.
 * `how` says where it came from.
 */
export type ServerProgram =
  | { kind: 'cli'; path: string; how: string }
  | { kind: 'server'; path: string; uiPath: string | undefined; how: string };

/** A way to get a server. It finds one or says why it cannot; what it throws is a reason as well. */
export type Way = { name: string; find: () => Promise<ServerProgram | { whyNot: string }> };

/**
 * The server of the first way that has one; later ways are not asked.
 *
 * @throws Error that names every way and why it did not work.
 */
export async function findServer(ways: readonly Way[], signal?: AbortSignal): Promise<ServerProgram> {
  const refusals: string[] = [];
  for (const { name, find } of ways) {
    signal?.throwIfAborted();
    const found = await find().catch((error: unknown) => ({ whyNot: error instanceof Error ? error.message : String(error) }));
    // An abort is no reason to try the next way.
    signal?.throwIfAborted();
    if ('kind' in found) return found;
    refusals.push(`${refusals.length + 1}. ${name}: ${found.whyNot}`);
  }
  throw new Error(`No Temporal server (1.32 or newer) could be had. The ways, in the order they are tried:\n${refusals.join('\n')}`);
}
