import { appendFileSync } from 'node:fs';
import { defineJob } from 'millrace';
import cpuBurn from '../../jobs/cpu-burn.ts';

/** The product's own cpu.burn with a clock around it; its end is written to BENCH_TRACE as well, for when the journal cannot tell. */
export default defineJob({
  ...cpuBurn,
  run: async (context) => {
    const enteredAt = Date.now();
    const result = (await cpuBurn.run(context)) as { burnedMs: number };
    const leftAt = Date.now();
    if (process.env['BENCH_TRACE']) appendFileSync(process.env['BENCH_TRACE'], `${leftAt}\n`);
    return { ...result, enteredAt, leftAt };
  },
});
