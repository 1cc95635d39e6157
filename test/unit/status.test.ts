import { expect, test } from 'vitest';
import { FINAL_STATUSES, isFinal, type JobStatus, shownStatus } from '../../src/job/status.ts';

const OPEN: JobStatus[] = ['SCHEDULED', 'QUEUED', 'RUNNING'];

test('exactly SUCCEEDED, FAILED and ABORTED are final', () => {
  expect([...OPEN, ...FINAL_STATUSES].filter(isFinal)).toEqual(['SUCCEEDED', 'FAILED', 'ABORTED']);
});

test('a job is RUNNING from the start of an attempt until its workflow knows how that ended', () => {
  expect(shownStatus('QUEUED', 0, 0)).toBe('QUEUED');
  expect(shownStatus('QUEUED', 0, 1)).toBe('RUNNING');
  expect(shownStatus('QUEUED', 1, 1)).toBe('QUEUED');
  expect(shownStatus('SCHEDULED', 1, 1)).toBe('SCHEDULED');
  expect(shownStatus('QUEUED', 1, 2)).toBe('RUNNING');
});

test('a retry that has started is RUNNING although its workflow last said SCHEDULED', () => {
  expect(shownStatus('SCHEDULED', 1, 2)).toBe('RUNNING');
});

test.each(FINAL_STATUSES)('a job that its workflow has as %s is shown so, whatever attempts there are', (status) => {
  expect([shownStatus(status, 0, 0), shownStatus(status, 1, 1), shownStatus(status, 0, 3)]).toEqual([status, status, status]);
});

test('an attempt that was adopted leaves no trace: its number is taken back', () => {
  expect(shownStatus('QUEUED', 2, 1)).toBe('QUEUED');
});
