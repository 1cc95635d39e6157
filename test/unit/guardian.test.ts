import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive } from '../../src/process/group.ts';
import { startGuardian } from '../../src/process/guardian.ts';
import { ofWorkerProcess } from '../../src/process/mark.ts';
import { keepGuardian } from '../../src/process/keep-guardian.ts';
import { eventually } from '../engine/fixtures/eventually.ts';

test('a guardian that was killed is followed by one that knows whom to kill', async () => {
  const guardian = keepGuardian(() => startGuardian(ofWorkerProcess('guarded')));
  const groups = [1, 2, 3].map(() => spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }));
  const [early, forgotten, late] = groups.map(({ pid }) => pid!) as [number, number, number];
  guardian.watch(early);
  guardian.watch(forgotten);
  guardian.forget(forgotten);
  const [first] = guardians();
  process.kill(first!, 'SIGKILL');
  await eventually('another one is there', () => guardians().some((pid) => pid !== first));
  guardian.watch(late);
  const gone = Promise.all([once(groups[0]!, 'exit'), once(groups[2]!, 'exit')]);
  guardian.stop();
  await gone;
  await guardian.ended;
  expect(isAlive(forgotten)).toBe(true);
  groups[1]!.kill('SIGKILL');
  await once(groups[1]!, 'exit');
  expect(guardians()).toEqual([]);
});

/** The shells that are our children. */
function guardians(): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'latin1');
      const isOurs = /^Name:\t(sh|dash|bash)$/m.test(status) && status.includes(`\nPPid:\t${process.pid}\n`) && !/^State:\tZ/m.test(status);
      return isOurs ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
