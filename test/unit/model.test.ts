import { expect, test } from 'vitest';
import { seeded } from '../../src/cli/demo/seeded.ts';
import { band, isFinal, Model } from '../model/model.ts';
import { draw, lastOperations } from '../model/operations.ts';

test('in 600 random lives of a line no slot idles, the first one starts, and every job ends', () => {
  for (let seed = 1; seed <= 600; seed++) {
    const random = seeded(seed);
    const model = new Model();
    const about = `seed ${seed}`;
    for (let step = 0; step < 40; step++) {
      model.apply(draw(model, random, 'job'));
      startNext(model, random, about);
    }
    for (let step = 0; ; step++) {
      const operation = lastOperations(model);
      if (!operation) break;
      model.apply(operation);
      startNext(model, random, about);
      expect(step, `${about}: it does not come to an end`).toBeLessThan(1_000);
    }
    expect(
      Array.from(model.jobs.values()).filter((job) => !isFinal(job)),
      about,
    ).toEqual([]);
  }
});

function startNext(model: Model, random: () => number, about: string): void {
  const candidates = model.candidates();
  const id = candidates[Math.floor(random() * candidates.length)];
  const jobs = Array.from(model.jobs.values());
  const bands = jobs.filter(({ place }) => place === 'line').map(band);
  // Of several that may be next, what is said is only that they were there.
  const isFirst = id === undefined || candidates.length > 1 || band(model.jobs.get(id)!) === Math.min(...bands);
  expect(isFirst, `${about}: another one is first`).toBe(true);
  if (id !== undefined) model.start(id);
  expect(model.running !== undefined || jobs.every(({ place }) => place !== 'line'), `${about}: the slot idles`).toBe(true);
  expect(jobs.filter(({ hasKey }) => hasKey).length, about).toBeLessThanOrEqual(1);
}
