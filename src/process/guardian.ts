import { spawn } from 'node:child_process';

export type Guardian = {
  watch(pgid: number): void;
  forget(pgid: number): void;
  stop(): void;
  /** Resolves when it is gone, which it should not be before it was stopped. */
  ended: Promise<void>;
};

/**
 * A small process that outlives us by a moment: it holds the other end of a pipe, and when that ends, however we died,
 * it kills every process group it was told of, and then whoever carries the mark in its environment, wherever it has moved
 * to. Without /proc (not Linux) it knows only the groups. A shell, for it takes 1 MB and starts at once.
 */
export function startGuardian(mark: string): Guardian {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'guardian', mark], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.stdin?.on('error', () => {});
  shell.unref();
  const say = (line: string): void => void shell.stdin?.write(line + '\n');
  return {
    watch: (pgid) => say(`+ ${pgid}`),
    forget: (pgid) => say(`- ${pgid}`),
    stop: () => void shell.stdin?.end(),
    // `error`: the system had no process left for it.
    ended: new Promise((resolve) => shell.once('exit', () => resolve()).once('error', () => resolve())),
  };
}

// SIGINT and SIGTERM to all of a terminal's processes must not end it before us. dash knows `--` only after `-s`.
// It looks again while it finds somebody: who was forked meanwhile, or takes a moment to die. The rounds are bounded, for one
// that it may not kill would keep it for ever.
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
cd /proc || exit
rounds=0
while [ $rounds -lt 500 ]; do
  # its exit code is no answer: there is always a file that it may not read
  found=$(grep -Fls -- "$1" [0-9]*/environ)
  [ -n "$found" ] || exit
  for file in $found; do kill -s KILL "\${file%/environ}"; done
  rounds=$((rounds + 1))
done
`;
