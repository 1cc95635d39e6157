import { BLOW_KINDS, type Struck } from './blows.ts';
import type { AskedJob, FinalJob, Violation } from './observed.ts';
import { byKind, type Recovery } from './recovery.ts';

export type Report = {
  seed: number;
  minutes: number;
  struck: Struck[];
  jobs: AskedJob[];
  final: Map<string, FinalJob>;
  attempts: number;
  retries: number;
  events: number;
  recoveries: Recovery[];
  /** From the last blow until every job had ended. */
  restMs: number;
  violations: Violation[];
};

/** For people, a line each. */
export function linesOf(report: Report): string[] {
  const { seed, minutes, struck, jobs, final, recoveries, violations } = report;
  const slowest = recoveries.toSorted((a, b) => b.ms - a.ms)[0];
  const figures = new Map(byKind(recoveries).map((figure) => [figure.kind, figure]));
  const count = <T>(all: T[], holds: (each: T) => boolean): number => all.filter(holds).length;
  const statuses = countBy(jobs, ({ id }) => final.get(id)?.status ?? 'unknown');
  const skips = Array.from(
    Map.groupBy(
      struck.filter(({ skipped }) => skipped !== undefined),
      ({ kind, skipped }) => `${kind}: ${skipped}`,
    ),
    ([why, all]) => `  skipped ${all.length} × ${why}`,
  );
  return [
    `chaos of ${minutes} min, seed ${seed}`,
    `blows: ${count(struck, ({ skipped }) => skipped === undefined)}`,
    ...BLOW_KINDS.map((kind) => {
      const figure = figures.get(kind);
      const dealt = count(struck, (each) => each.kind === kind && each.skipped === undefined);
      return `  ${kind.padEnd(18)} ${String(dealt).padStart(4)}${figure ? `   back after ${seconds(figure.p50)} (p50), ${seconds(figure.max)} (max)` : ''}`;
    }),
    ...skips,
    `jobs: ${jobs.length} (${statuses}), ${report.attempts} attempts, ${report.retries} answers lost or put off`,
    `kinds: ${countBy(jobs, ({ kind }) => kind)}`,
    `events: ${report.events}`,
    `all jobs had ended ${seconds(report.restMs)} after the last blow`,
    `slowest recovery: ${slowest ? `${seconds(slowest.ms)}, ${slowest.kind}` : 'none'}`,
    `violations: ${violations.length}`,
    ...violations.map(({ rule, jobId, message }) => `  ${rule}${jobId ? `, job ${jobId}` : ''}: ${message} (seed ${seed})`),
  ];
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

function countBy<T>(all: T[], keyOf: (each: T) => string): string {
  return Array.from(Map.groupBy(all, keyOf), ([key, group]) => `${group.length} ${key}`).join(', ');
}
