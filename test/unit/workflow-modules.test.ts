import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const SRC = new URL('../../src/', import.meta.url);

test.each(['workflows/', 'job/'])(
  'no module of %s keeps anything outside of its functions: all workflows of a process share it',
  (folder) => {
    const files = readdirSync(new URL(folder, SRC)).filter((name) => name.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(10);
    const kept = files.flatMap((name) =>
      readFileSync(new URL(folder + name, SRC), 'utf8')
        .split('\n')
        .filter((line) => /^(export )?(let|var) /.test(line) || /^(export )?const .* = (new \w|\[\];|\{\};)/.test(line))
        .map((line) => `${folder}${name}: ${line}`),
    );
    expect(kept).toEqual([]);
  },
);

test('no workflow runs a local activity: looked at meanwhile, it could not be replayed', () => {
  const files = readdirSync(new URL('workflows/', SRC)).filter((name) => name.endsWith('.ts'));
  const local = files.filter((name) =>
    /proxyLocalActivities|scheduleLocalActivity/.test(readFileSync(new URL(`workflows/${name}`, SRC), 'utf8')),
  );
  expect(local).toEqual([]);
});
