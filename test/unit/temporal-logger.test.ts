import { expect, test } from 'vitest';
import type { Logger } from '../../src/log.ts';
import { temporalLogger } from '../../src/temporal/logger.ts';

function opened() {
  const lines: [string, object, string][] = [];
  const clock = { ms: 0 };
  const level = (name: string) => (fields: object, message: string) => void lines.push([name, fields, message]);
  const log = { warn: level('warn'), error: level('error') } as unknown as Logger;
  return { lines, clock, sdk: temporalLogger(log, () => clock.ms) };
}

test('what is said each second is told once a minute, with how often it was said', () => {
  const { lines, clock, sdk } = opened();
  for (let second = 0; second < 90; second++) {
    clock.ms = second * 1_000;
    sdk.warn(`gRPC call poll retried ${second} times`, { taskQueue: 'pool:default', error: 'refused' });
  }
  const fields = { taskQueue: 'pool:default', error: 'refused' };
  expect(lines).toEqual([
    ['warn', fields, 'gRPC call poll retried 0 times'],
    ['warn', { ...fields, repeated: 59 }, 'gRPC call poll retried 60 times'],
  ]);
});

test('what is said of something else, or is something else, is told at once', () => {
  const { lines, sdk } = opened();
  sdk.warn('a', { workflowId: '1' });
  sdk.warn('a', { workflowId: '2' });
  sdk.error('b', { error: new Error('why') });
  sdk.info('c');
  sdk.warn('Activity failed');
  expect(lines).toEqual([
    ['warn', { workflowId: '1' }, 'a'],
    ['warn', { workflowId: '2' }, 'a'],
    ['error', { error: 'why' }, 'b'],
  ]);
});
