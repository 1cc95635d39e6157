/** A process of its own: what it takes to paint pictures is not to be counted as the demo's memory. */
import { writeInputs } from './inputs.ts';

const [, , workDir = '.', seed = '1'] = process.argv;
await writeInputs(workDir, Number(seed));
