import { expect, test } from 'vitest';
import { activityIdOf, isJobId, isName, jobIdOf, newJobId, taskQueueOf, workflowIdOf } from '../../src/job/ids.ts';

test('a new job id is a UUIDv7 with the time in its first 48 bits', () => {
  const id = newJobId(0x0123_4567_89ab);
  expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(isJobId(id)).toBe(true);
});

test('new job ids of later milliseconds sort behind earlier ones', () => {
  const times = [0, 1, 255, 256, 65_535, 2 ** 32 - 1, 2 ** 32, Date.now(), Date.now() + 1, 2 ** 48 - 1];
  const ids = times.map(newJobId);
  expect(ids.toSorted()).toEqual(ids);
});

test('new job ids of one millisecond are all different', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => newJobId(1))).size).toBe(10_000);
});

test.each(['a', '7', 'A.b_c:d-e', 'a'.repeat(200), newJobId()])('"%s" may be a job id', (id) => {
  expect(isJobId(id)).toBe(true);
});

test.each(['', '.a', '-a', ':a', '_a', 'a b', 'a/b', 'a\n', 'ä', 'a"b', 'a'.repeat(201)])('"%s" may not be a job id', (id) => {
  expect(isJobId(id)).toBe(false);
});

test('names of queues, pools and types have no colon and at most 100 characters', () => {
  expect(['a', 'cpu.burn', 'a-b_c', 'x'.repeat(100)].map(isName)).toEqual([true, true, true, true]);
  expect(['', 'a:b', '.a', 'x'.repeat(101), 'a\n'].map(isName)).toEqual([false, false, false, false, false]);
});

test('a workflow id carries its job id, whatever is in it, and other workflows carry none', () => {
  expect(jobIdOf(workflowIdOf('job:x'))).toBe('job:x');
  expect(jobIdOf('reconciler')).toBeUndefined();
});

test('every attempt has an activity id of its own, every pool a task queue of its own', () => {
  expect(activityIdOf(1)).not.toBe(activityIdOf(11));
  expect(taskQueueOf('a')).not.toBe(taskQueueOf('b'));
});
