import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { AgainstCode } from '../model/against-code.ts';
import { band, isFinal } from '../model/job.ts';
import { Model } from '../model/model.ts';
import { draw, lastOperations } from '../model/operations.ts';

test('in 600 random lives of a line no slot idles, the first one starts, every job ends, and src/job says the same of each step', () => {
  for (let seed = 1; seed <= 600; seed++) {
    const random = seeded(seed);
    const model = new Model('job', seed % 2 === 0 ? null : 1 + (seed % 3));
    const code = new AgainstCode(model);
    const about = `seed ${seed}`;
    for (let step = 0; step < 40; step++) {
      model.apply(draw(model, random, { losses: Infinity, excesses: Infinity }));
      code.check(about);
      startNext(model, random, code, about);
    }
    for (let step = 0; ; step++) {
      const operation = lastOperations(model);
      if (!operation) break;
      model.apply(operation);
      code.check(about);
      startNext(model, random, code, about);
      expect(step, `${about}: it does not come to an end`).toBeLessThan(1_000);
    }
    const open = Array.from(model.jobs.values()).filter((job) => !isFinal(job));
    expect(open, about).toEqual([]);
  }
});

/** Until every slot is taken, for some end by themselves. */
function startNext(model: Model, random: () => number, code: AgainstCode, about: string): void {
  for (let turns = model.candidates(); turns.length > 0; turns = model.candidates()) {
    const candidates = turns[Math.floor(random() * turns.length)]!;
    const id = candidates[Math.floor(random() * candidates.length)]!;
    const { pool } = model.jobs.get(id)!;
    const line = Array.from(model.jobs.values()).filter((job) => job.place === 'line' && job.pool === pool);
    // Of several that may be next, what is said is only that they were there.
    const isFirst = candidates.length > 1 || band(model.jobs.get(id)!) === Math.min(...line.map(band));
    assert(isFirst, `${about}: another one is first`);
    model.start(id);
    code.check(about);
  }
  for (const job of model.unmet) {
    const isMet = model.lines.get(job.pool)!.isFree || random() < 0.5;
    if (isMet && random() < 0.5) model.giveBack(job);
    else if (isMet) model.unmet.delete(job);
    code.check(about);
  }
  const jobs = Array.from(model.jobs.values());
  for (const [pool, { isFree }] of model.lines)
    assert(!isFree || jobs.every((job) => job.place !== 'line' || job.pool !== pool), `${about}: the slot of ${pool} idles`);
  for (const name of model.gates) {
    const { held, limit, waiting, paused } = model.gate(name);
    if (name.startsWith('queue:')) continue;
    assert(held.length <= (limit ?? Infinity), `${about}: too many in ${name}`);
    assert(waiting.length === 0 || paused || held.length === limit, `${about}: a free place at ${name}`);
  }
}
