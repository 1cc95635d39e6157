import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');
/** Which folders each may not import from: `job <- workflows, worker, journal <- activities <- cli` and `job, workflows, journal <- api`. */
const FORBIDDEN = {
  job: ['workflows', 'worker', 'journal', 'activities', 'api', 'cli', 'temporal'],
  journal: ['workflows', 'worker', 'activities', 'api', 'cli', 'temporal'],
  worker: ['activities', 'api', 'cli'],
  activities: ['api', 'cli'],
  api: ['worker', 'activities', 'cli'],
};

test.each(Object.entries(FORBIDDEN))('src/%s imports nothing from %j', (folder, forbidden) => {
  const files = globSync(`${folder}/**/*.ts`, { cwd: SRC });
  expect(files.length).toBeGreaterThan(0);
  const wrong = files.flatMap((file) =>
    readFileSync(join(SRC, file), 'utf8')
      .split('\n')
      .filter((line) => forbidden.some((other) => new RegExp(` from '(\\.\\./)+${other}/`).test(line)))
      .map((line) => `${file}: ${line}`),
  );
  expect(wrong).toEqual([]);
});
