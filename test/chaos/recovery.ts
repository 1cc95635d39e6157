import type { Struck } from './blows.ts';
import type { TraceLine } from './trace.ts';

export type Recovery = { kind: string; ms: number };
type Seen = {
  traces: Map<string, TraceLine[]>;
  /** When jobs became final, and when creations were answered; ms since 1970, in order. */
  finishedAt: number[];
  answeredAt: number[];
};

/**
 * How long it took after each blow, once it was over, until the same kind of work went on: where attempts were cut off, until the
 * last of their jobs had begun its next one; for the api, until a creation was answered; else until a job became final.
 */
export function recoveriesOf(struck: Struck[], { traces, finishedAt, answeredAt }: Seen): Recovery[] {
  return struck.flatMap(({ kind, overAt, hit, skipped }) => {
    if (skipped !== undefined) return [];
    const nextIn = (times: number[]): number | undefined => times.find((at) => at >= overAt);
    const again = hit.flatMap((id) => (traces.get(id) ?? []).find(({ what, at }) => what === 'start' && at >= overAt)?.at ?? []);
    const at = hit.length > 0 ? Math.max(...again) : nextIn(kind.endsWith('api') ? answeredAt : finishedAt);
    return at === undefined || !Number.isFinite(at) ? [] : [{ kind, ms: at - overAt }];
  });
}

export type Figures = { kind: string; count: number; p50: number; max: number };

export function byKind(recoveries: Recovery[]): Figures[] {
  return Array.from(
    Map.groupBy(recoveries, ({ kind }) => kind),
    ([kind, all]) => {
      const sorted = all.map(({ ms }) => ms).toSorted((a, b) => a - b);
      return { kind, count: sorted.length, p50: sorted[Math.floor(sorted.length / 2)]!, max: sorted.at(-1)! };
    },
  );
}
