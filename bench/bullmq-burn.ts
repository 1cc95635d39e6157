import cpuBurn from '../jobs/cpu-burn.ts';

/** BullMQ's sandboxed processor: what Millrace's cpu.burn runs, with the same clock around it. */
export default async function burn({ data }: { data: { ms: number } }): Promise<Record<string, number>> {
  const enteredAt = Date.now();
  const result = (await cpuBurn.run({ payload: data } as never)) as { burnedMs: number };
  return { ...result, enteredAt, leftAt: Date.now() };
}
