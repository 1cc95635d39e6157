import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { groupMembers, isAlive } from '../../src/process/group.ts';
import { type Guardian, startGuardian } from '../../src/process/guardian.ts';
import { asEnv, ofRunner, ofWorkerProcess } from '../../src/process/mark.ts';
import { keepGuardian } from '../../src/process/keep-guardian.ts';
import { upS } from '../../src/process/uptime.ts';
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

const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash'].filter(existsSync);

describe.each(SHELLS)('a guardian in %s', (shell) => {
  test('kills a group that is past its limit, and whoever carries its mark, and nobody else', async () => {
    const { guardian, mark } = begin(shell);
    const [late, other] = [ofRunner(mark), ofRunner(mark)];
    const [leader, moved, spared, unlimited] = [sleeper(late), sleeper(late), sleeper(other), sleeper(other)];
    guardian.watch(spared.pid, { untilS: upS() + 600, mark: other });
    guardian.watch(unlimited.pid);
    const untilS = upS() + 1;
    guardian.watch(leader.pid, { untilS, mark: late });
    await Promise.all([leader.gone, moved.gone]);
    expect(upS()).toBeGreaterThanOrEqual(untilS);
    expect([spared, unlimited].map(({ pid }) => isAlive(pid))).toEqual([true, true]);
  });

  test('takes the last limit that it was told, or none', async () => {
    const { guardian, mark } = begin(shell);
    const [longer, free, late] = [sleeper(), sleeper(), sleeper()];
    // Time enough for the two that are told something else before.
    const untilS = upS() + 2.5;
    for (const { pid } of [longer, free]) guardian.watch(pid, { untilS, mark: ofRunner(mark) });
    guardian.watch(longer.pid, { untilS: untilS + 600, mark: ofRunner(mark) });
    guardian.watch(free.pid);
    // By then the others would be gone.
    guardian.watch(late.pid, { untilS: untilS + 1, mark: ofRunner(mark) });
    await late.gone;
    expect([longer, free].map(({ pid }) => isAlive(pid))).toEqual([true, true]);
  });

  test('that was stopped itself hears first what was said meanwhile', { timeout: 60_000 }, async () => {
    const { guardian, mark, pid } = begin(shell);
    const [healthy, late] = [sleeper(), sleeper()];
    // Time enough to stop it before.
    const untilS = upS() + 8;
    guardian.watch(healthy.pid, { untilS, mark: ofRunner(mark) });
    await eventually('its ticker is there', () => groupMembers(pid).length > 1);
    process.kill(-pid, 'SIGSTOP');
    const stoppedS = upS();
    // Longer than it takes for a machine that is busy.
    await eventually('the limit is past, and it was stopped for long', () => upS() > Math.max(untilS, stoppedS + 8));
    guardian.watch(healthy.pid, { untilS: untilS + 600, mark: ofRunner(mark) });
    guardian.watch(late.pid, { untilS, mark: ofRunner(mark) });
    process.kill(-pid, 'SIGCONT');
    await late.gone;
    expect(isAlive(healthy.pid)).toBe(true);
  });

  test('has another ticker with the next word where that was killed', async () => {
    const { guardian, mark, pid } = begin(shell);
    const [first, second] = [sleeper(), sleeper()];
    guardian.watch(first.pid, { untilS: upS() + 600, mark: ofRunner(mark) });
    await eventually('its ticker is there', () => groupMembers(pid).length > 1);
    await eventually('only it is left', () => {
      for (const member of groupMembers(pid)) if (member !== pid) process.kill(member, 'SIGKILL');
      return groupMembers(pid).length === 1;
    });
    guardian.watch(second.pid, { untilS: upS(), mark: ofRunner(mark) });
    await second.gone;
    expect(isAlive(first.pid)).toBe(true);
  });

  test.each(['is told to stop', 'is killed'])('leaves no process behind when it %s', async (how) => {
    const { guardian, mark, pid } = begin(shell);
    guardian.watch(sleeper().pid, { untilS: upS() + 600, mark: ofRunner(mark) });
    await eventually('its ticker is there', () => groupMembers(pid).length > 1);
    if (how === 'is killed') process.kill(pid, 'SIGKILL');
    else guardian.stop();
    await guardian.ended;
    await eventually('all of its group are gone', () => groupMembers(pid).length === 0);
    expect(isAlive(pid)).toBe(false);
  });
});

test('the guardian that follows one that was killed knows the limits', async () => {
  const mark = ofWorkerProcess('guarded');
  const guardian = keepGuardian(() => startGuardian(mark));
  onTestFinished(async () => {
    guardian.stop();
    await guardian.ended;
  });
  const [late, healthy] = [sleeper(), sleeper()];
  const [first] = guardians();
  process.kill(first!, 'SIGSTOP');
  guardian.watch(late.pid, { untilS: upS() + 1, mark: ofRunner(mark) });
  guardian.watch(healthy.pid, { untilS: upS() + 600, mark: ofRunner(mark) });
  process.kill(first!, 'SIGKILL');
  await late.gone;
  expect(isAlive(healthy.pid)).toBe(true);
});

/** A guardian that is ended with the test. */
function begin(shell: string): { guardian: Guardian; mark: string; pid: number } {
  const mark = ofWorkerProcess('guarded');
  const guardian = startGuardian(mark, shell);
  onTestFinished(async () => {
    guardian.stop();
    await guardian.ended;
  });
  const [pid] = guardians();
  return { guardian, mark, pid: pid! };
}

/** A process in a group of its own, that carries the mark. It is gone when the test has finished. */
function sleeper(mark?: string): { pid: number; gone: Promise<unknown> } {
  const child = spawn('sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...(mark ? asEnv(mark) : {}) },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { pid: child.pid!, gone: once(child, 'exit') };
}

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
