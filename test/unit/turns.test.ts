import { describe, expect, test } from 'vitest';
import { Turns } from '../../src/worker/turns.ts';

describe('attempts of one job on one worker', () => {
  test('the first is given up, and the second begins at its end', async () => {
    const turns = new Turns();
    const said: string[] = [];
    const first = Promise.withResolvers<string>();
    const one = turns.take('a', { giveUp: () => said.push('first given up') }, () => first.promise);
    const two = turns.take('a', { giveUp: () => said.push('second given up') }, async () => {
      said.push('second begins');
      return 'second';
    });
    await turns.take('b', { giveUp: () => said.push('b given up') }, async () => said.push('b goes on'));
    expect(said).toEqual(['first given up', 'b goes on']);
    first.reject(new Error('lost'));
    await expect(one).rejects.toThrow('lost');
    expect(await two).toBe('second');
    expect(said).toEqual(['first given up', 'b goes on', 'second begins']);
  });

  test('one that has ended is not in the way of the next', async () => {
    const turns = new Turns();
    await turns.take('a', { giveUp: () => expect.fail('it has ended') }, async () => 1);
    expect(await turns.take('a', { giveUp: () => {} }, async () => 2)).toBe(2);
  });
});
