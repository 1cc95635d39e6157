import type { GraphqlClient } from '../test/engine/client.ts';

/** Sends a mutation by its name. @throws Error where it is refused. */
export const ordersTo =
  (client: GraphqlClient) =>
  async (mutation: string, input: Record<string, unknown>): Promise<void> => {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
    const data = await client.data(`mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code message } } }`, { input });
    if (data[mutation].userErrors.length > 0) throw new Error(JSON.stringify(data[mutation].userErrors));
  };
