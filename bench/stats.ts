/** The value that `share` of the samples do not exceed (nearest rank). */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number =>
  samples.length % 2 === 1 ? quantile(samples, 0.5) : (quantile(samples, 0.5) + quantile(samples, 0.5 + 1 / samples.length)) / 2;

export const sum = (samples: readonly number[]): number => samples.reduce((total, sample) => total + sample, 0);

/** `5.1` · `12` · `0.84`: three significant digits at most, no exponent. */
export const short = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString());

/** Lowest, quartiles, highest: what a median alone hides. */
export const spread = (samples: readonly number[], unit = ''): string => {
  const [min, q1, q3, max] = [0, 0.25, 0.75, 1].map((share) => short(quantile(samples, share)));
  return `${min} … ${q1}–${q3} … ${max}${unit}, n ${samples.length}`;
};

/** p50/p90/p99 in ms. */
export const percentiles = (samples: readonly number[]): string =>
  [0.5, 0.9, 0.99].map((share) => short(quantile(samples, share))).join(' / ');
