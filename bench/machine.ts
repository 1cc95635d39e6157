import { readFileSync } from 'node:fs';
import { cpus, freemem, loadavg, release, totalmem, type } from 'node:os';

/** Where the figures come from, in a few lines. */
export function describeMachine(): string[] {
  const [cpu] = cpus();
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return [
    `CPU: ${cpu?.model ?? 'unknown'}, ${cpus().length} cores${isVirtual() ? ' of a virtual machine' : ''}`,
    `memory: ${gib(totalmem())}, ${gib(freemem())} free at the start`,
    `system: ${type()} ${release()}, Node ${process.version}`,
    `load in the minute before: ${loadavg()[0]!.toFixed(2)}`,
  ];
}

function isVirtual(): boolean {
  try {
    return /^flags.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
