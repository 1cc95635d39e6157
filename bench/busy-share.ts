import { BareSide } from './bare-side.ts';
import type { Bench, Setting } from './figure.ts';
import { pin } from './process.ts';
import { median, spread, sum } from './stats.ts';
import { System } from './system.ts';

export type Run = { share: number; gaps: number[] };

/** How much of a slot's time is work: one slot on a core of its own, everything else on the other. */
export const busyShare: Bench = async (setting) => {
  const pairs = setting.pairs ?? (setting.short ? 1 : 7);
  const jobs = setting.short ? 10 : 60;
  const unpin = pinOthers(setting);
  let system: System | undefined;
  let bare: BareSide | undefined;
  try {
    system = await System.start({ temporalAddress: setting.temporal.address, slots: 1, cpus: { worker: WORK_CORE } });
    bare = await BareSide.start({
      temporalAddress: setting.temporal.address,
      namespace: system.namespace,
      slots: 1,
      runner: true,
      cpus: WORK_CORE,
    });
    await runOurs(system, 3);
    await runBare(bare, 3);
    const ours: Run[] = [];
    const theirs: Run[] = [];
    for (let pair = 1; pair <= pairs; pair++) {
      const our = await runOurs(system, jobs);
      const their = await runBare(bare, jobs);
      ours.push(our);
      theirs.push(their);
      setting.say(`busy share, pair ${pair}: ours ${our.share.toFixed(4)}, bare ${their.share.toFixed(4)}`);
    }
    return [figureOf(ours, theirs, jobs, setting)];
  } finally {
    await bare?.stop();
    await system?.stop();
    unpin();
  }
};

/** Binds ourselves and Temporal to one core; what we start from here on inherits it, but for the workers. @returns what takes it back. */
export function pinOthers({ temporal }: Setting): () => void {
  const everybodyElse = [process.pid, ...temporal.pids];
  for (const pid of everybodyElse) pin(pid, CONTROL_CORE);
  return () => everybodyElse.forEach((pid) => pin(pid, '0-' + (LAST_CORE - 1)));
}

export async function runOurs(system: System, jobs: number, ms = BURN_MS): Promise<Run> {
  system.feed.forget();
  const ids = await Promise.all(Array.from({ length: jobs }, () => system.create('cpu.burn', { ms })));
  await Promise.all(ids.map((id) => system.feed.until(id, 'FINISHED')));
  return shareOf(await Promise.all(ids.map((id) => system.result(id))));
}

async function runBare(bare: BareSide, jobs: number): Promise<Run> {
  const created = await Promise.all(Array.from({ length: jobs }, () => bare.create(BURN_MS)));
  return shareOf(await Promise.all(created.map(({ result }) => result())));
}

/** By the handlers' own clocks, from the first that was entered to the last that was left. */
export function shareOf(results: Record<string, number>[]): Run {
  const inOrder = results.toSorted((a, b) => a['enteredAt']! - b['enteredAt']!);
  const wallMs = inOrder.at(-1)!['leftAt']! - inOrder[0]!['enteredAt']!;
  return {
    share: sum(inOrder.map(({ burnedMs }) => burnedMs!)) / wallMs,
    gaps: inOrder.slice(1).map(({ enteredAt }, index) => enteredAt! - inOrder[index]!['leftAt']!),
  };
}

function figureOf(ours: Run[], theirs: Run[], jobs: number, { short }: Setting) {
  const ratios = ours.map(({ share }, pair) => share / theirs[pair]!.share);
  const ratio = median(ratios);
  const [our, their] = [ours, theirs].map((side) => median(side.map(({ share }) => share)).toFixed(3));
  const gap = (side: Run[]): string => median(side.flatMap(({ gaps }) => gaps)).toFixed(0);
  return {
    name: 'busy share of a slot, ours ÷ bare',
    value: `${ratio.toFixed(3)} (${our} ÷ ${their})`,
    bar: '≥ 0.97',
    ok: ratio >= 0.97,
    spread: spread(ratios),
    how: `${jobs} × cpu.burn {ms: ${BURN_MS}} a side and pair, all in line from the start. The worker with its one slot and its runner on one core (taskset), Temporal, api, orchestrator and client on the other. CPU time burned ÷ time from the first handler entered to the last left. Bare: an SDK activity worker with one slot and one pre-forked child (child_process.fork, IPC) that runs the same loop.`,
    notes: [`Between two handlers on the slot, p50: ours ${gap(ours)} ms, bare ${gap(theirs)} ms${short ? ' (short run)' : ''}`],
  };
}

const BURN_MS = 500;
export const CONTROL_CORE = '0';
export const WORK_CORE = '1';
const LAST_CORE = (await import('node:os')).cpus().length;
