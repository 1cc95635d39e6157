import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { Gate } from '../../src/job/gate.ts';

const gate = (limit: number | null = 1): Gate => new Gate({ policy: { limit, paused: false }, held: [], waiting: [] });
const ask = (to: Gate, jobId: string, band = 15, ticket = 1): void => to.want({ jobId, band, ticket });
const letIn = (from: Gate): string[] => from.grant().map(({ jobId }) => jobId);

describe('a gate', () => {
  test('lets in the lowest band first, the oldest first inside a band, as many as its limit', () => {
    const two = gate(2);
    ask(two, 'a');
    ask(two, 'b');
    ask(two, 'urgent', 6);
    expect(letIn(two)).toEqual(['urgent', 'a']);
    expect(letIn(two)).toEqual([]);
    two.leave('a', 1);
    expect(letIn(two)).toEqual(['b']);
  });

  test('moves who asks for another band to its tail, and leaves who asks for the same where it is', () => {
    const one = gate();
    ask(one, 'a');
    ask(one, 'b');
    ask(one, 'c', 6);
    ask(one, 'b', 6);
    ask(one, 'a', 15, 2);
    expect(one.state.waiting.map(({ jobId }) => jobId)).toEqual(['c', 'b', 'a']);
  });

  test('lets nobody in while it is paused, and takes nobody’s place away', () => {
    const one = gate();
    ask(one, 'a');
    one.policy = { limit: 1, paused: true };
    expect(letIn(one)).toEqual([]);
    one.policy = { limit: null, paused: false };
    ask(one, 'b');
    expect(letIn(one)).toEqual(['a', 'b']);
  });

  test('keeps the place of one that asks again, and tells it again: its answer was lost, or it begins anew', () => {
    const one = gate();
    ask(one, 'a', 15, 1);
    expect(letIn(one)).toEqual(['a']);
    ask(one, 'b');
    ask(one, 'a', 15, 1);
    ask(one, 'a', 6, 2);
    expect(one.grant()).toEqual([
      { jobId: 'a', ticket: 1 },
      { jobId: 'a', ticket: 2 },
    ]);
    expect(letIn(one)).toEqual([]);
    // What it takes back late, of its first ask, is not its second.
    one.leave('a', 1);
    expect(one.holders).toEqual([{ jobId: 'a', ticket: 2 }]);
    one.leave('a', 2);
    expect(letIn(one)).toEqual(['b']);
  });

  test('goes on from its state as if nothing had been', () => {
    const before = gate(2);
    for (const id of ['a', 'b', 'c', 'd']) ask(before, id);
    before.grant();
    // It is to be told once more, and nobody has done that.
    ask(before, 'a', 15, 2);
    const after = new Gate(JSON.parse(JSON.stringify(before.state)));
    expect(after.state).toEqual(before.state);
    expect(after.grant()).toEqual([{ jobId: 'a', ticket: 2 }]);
  });

  test('never has more in than its limit, and never fewer than it could, whatever comes', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const limit = 1 + Math.floor(random() * 4);
      const any = gate(limit);
      const tickets = new Map<string, number>();
      for (let step = 0; step < 60; step++) {
        const id = String(Math.floor(random() * 8));
        const ticket = (tickets.get(id) ?? 0) + (random() < 0.5 ? 1 : 0);
        if (random() < 0.6) {
          tickets.set(id, ticket);
          ask(any, id, 1 + Math.floor(random() * 15), ticket);
        } else any.leave(id, ticket);
        any.grant();
        expect(any.holders.length, `seed ${seed}`).toBeLessThanOrEqual(limit);
        expect(any.holders.length === limit || !any.hasWaiting, `seed ${seed}: a free place while ${any.state.waiting.length} wait`).toBe(
          true,
        );
        const bands = any.state.waiting.map(({ band }) => band);
        expect(bands, `seed ${seed}`).toEqual(bands.toSorted((a, b) => a - b));
      }
    }
  });
});
