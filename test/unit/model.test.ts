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
  if (candidates.length > 0) {
    const id = candidates[Math.floor(random() * candidates.length)]!;
    const bands = Array.from(model.jobs.values())
      .filter(({ place }) => place === 'line')
      .map(band);
    if (candidates.length === 1) expect(band(model.jobs.get(id)!), about).toBe(Math.min(...bands));
    model.start(id);
  }
  const jobs = Array.from(model.jobs.values());
  expect(model.running !== undefined || jobs.every(({ place }) => place !== 'line'), `${about}: the slot idles`).toBe(true);
  expect(jobs.filter(({ hasKey }) => hasKey).length, about).toBeLessThanOrEqual(1);
}
