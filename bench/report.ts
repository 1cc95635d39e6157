import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './figure.ts';
import { scriptOf } from './process.ts';

/** A bench as it was run last: kept in results.jsonl, so that one that is run alone leaves the others' figures as they are. */
type Kept = Record<string, { at: string; machine: string[]; temporal: string; tookS: number; figures: Figure[] }>;

export function print(figures: readonly Figure[], say: (line: string) => void): void {
  const rows = [['figure', 'measured', 'bar', ''], ...figures.map(({ name, value, bar, ok }) => [name, value, bar, verdict(ok)])];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) say(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  for (const { name, spread, notes = [], table } of figures) {
    say(`\n${name}: ${spread}`);
    for (const note of notes) say(`  ${note}`);
    if (table) say(markdown(table));
  }
}

/** Adds what was measured to results.jsonl and writes README.md from all of it. */
export function keep(names: readonly string[], measured: Kept): void {
  const lines = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8').trim().split('\n') : [];
  const kept: Kept = { ...Object.fromEntries(lines.map((line) => JSON.parse(line) as [string, Kept[string]])), ...measured };
  const inOrder: Kept = Object.fromEntries(names.filter((name) => kept[name]).map((name) => [name, kept[name]!]));
  writeFileSync(
    RESULTS,
    Object.entries(inOrder)
      .map((entry) => JSON.stringify(entry) + '\n')
      .join(''),
  );
  writeFileSync(README, readmeOf(inOrder));
}

function readmeOf(kept: Kept): string {
  const figures = Object.values(kept).flatMap((bench) => bench.figures);
  const machines = [
    ...new Set(
      Object.values(kept).map(({ machine, temporal }) =>
        [...machine.slice(0, 1), ...machine.slice(2, 3), temporal].map((line) => `- ${line}`).join('\n'),
      ),
    ),
  ];
  const sections = Object.entries(kept).map(([name, { at, machine, tookS, figures: of }]) =>
    [
      `### ${name}`,
      `Run ${at.slice(0, 16).replace('T', ' ')} UTC in ${tookS.toFixed(0)} s; ${[0, 3, 1].map((line) => machine[line]).join('; ')}.`,
      ...of.flatMap(({ name: title, value, bar, ok, spread, how, notes = [], table }) => [
        `**${title}**: ${value}; bar ${bar}${ok === undefined ? '' : `, ${verdict(ok)}`}.`,
        how,
        [`- spread (lowest … quartiles … highest): ${spread}`, ...notes.map((note) => `- ${note}`)].join('\n'),
        ...(table ? [markdown(table)] : []),
      ]),
    ].join('\n\n'),
  );
  return (
    [
      '# Figures',
      '`npm run bench` measures all of this against a real Temporal server and real processes, started for it and ended after it; `--only NAME` one part, `--pairs N` more or fewer pairs, `--short` a trial that keeps nothing. This file is written by it.',
      'Ours and bare, or before and after, are always measured in turn in one run. The bare side is [bare.ts](bare.ts): the same server and namespace, a prebuilt bundle, workflow and activity in processes of their own, the same slots, pollers, jobs in flight and SDK options, and nothing else: its workflows run as the SDK runs them by default.',
      markdown([['figure', 'measured', 'bar', ''], ...figures.map(({ name, value, bar, ok }) => [name, value, bar, verdict(ok)])]),
      '## The machines',
      ...machines,
      '## How each was measured',
      ...sections,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

function markdown([heads = [], ...rows]: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

const verdict = (ok: boolean | undefined): string => (ok === undefined ? '' : ok ? 'met' : 'NOT met');
const RESULTS = scriptOf('results.jsonl');
const README = scriptOf('README.md');
