import { readdirSync, readFileSync } from 'node:fs';

export type Found = { pid: number; parent: number; kind: 'role' | 'runner' | 'guardian' | 'other'; command: string };

/** Every living process that has a data directory in its environment: roles, runners, guardians, and whatever handlers have started. */
export function processesOf(dataDir: string): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(pid, 'environ').includes(`MILLRACE_DATA_DIR=${dataDir}\0`))
    .map((pid) => {
      const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
      return { pid: Number(pid), parent: Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1]), kind: kindOf(command), command };
    })
    .filter(({ command }) => command.length > 0);
}

function kindOf(command: string): Found['kind'] {
  if (command.includes('runner-main.ts')) return 'runner';
  if (command.includes('/src/cli/main.ts')) return 'role';
  return command.includes('while read -r sign group') ? 'guardian' : 'other';
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // Gone since the directory was read.
    return '';
  }
}
