import { start } from './start.ts';

/** Until when a group may live if we say nothing more: a time by `upS`. `mark`: of those who go with it, wherever they have moved to. */
export type LifeLimit = { untilS: number; mark: string };

export type Guardian = {
  /** From now on, and no longer than the limit; told again, the limit is another, or none. */
  watch(pgid: number, limit?: LifeLimit): void;
  forget(pgid: number): void;
  stop(): void;
  /** Resolves when it is gone, which it should not be before it was stopped. */
  ended: Promise<void>;
};

/**
 * A small process that outlives us by a moment: it holds the other end of a pipe, and when that ends, however we died,
 * it kills every process group it was told of, and then whoever carries the mark in its environment, wherever it has moved
 * to. Before that it kills a group that is past its limit, with whoever carries that one's mark: we may be stopped, and know nothing
 * of the time. It looks every second, or as often as a busy machine lets it.
 *
 * Without /proc (not Linux) it knows only the groups, and no limits. A shell, for it takes 1 MB and starts at once.
 */
export function startGuardian(mark: string, shell = '/bin/sh'): Guardian {
  const child = start(shell, ['-c', SCRIPT, 'guardian', mark], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin?.on('error', () => {});
  child.unref();
  const say = (line: string): void => void child.stdin?.write(`${line} .\n`);
  return {
    watch: (pgid, limit) => say(limit ? `+ ${pgid} ${Math.round(limit.untilS * 100)} ${limit.mark.slice(mark.length)}` : `+ ${pgid} - -`),
    forget: (pgid) => say(`- ${pgid} - -`),
    stop: () => void child.stdin?.end(),
    // `error`: the system had no process left for it.
    ended: new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve())),
  };
}

// SIGINT and SIGTERM to all of a terminal's processes must not end it before us. dash knows `--` only after `-s`.
//
// `read` has no timeout in dash, so that a ticker interrupts it: by SIGCONT, which would harm nobody else. A read that is interrupted
// goes on behind the trap, or fails, as the shell has it, with half a line maybe: each ends with a dot. The pipe's end is a read that
// fails again and again, with no tick between.
//
// A trap runs between any two commands: `look` has names of its own, and takes nothing from the table but who is dead.
const SCRIPT = `
trap '' INT TERM HUP
cd /proc
mark=$1 table= misses=0 ticker= seen=0 awake=0

tick() {
  # a zombie has no exe: not when we were killed and nobody has waited for us
  while sleep 1 && [ -e $$/exe ]; do kill -s CONT $$; done
}

look() {
  # no trap in a trap
  trap '' CONT
  misses=0
  fence
  trap look CONT
}

fence() {
  read -r up idle < uptime
  case $up in *.??) now=\${up%.*}\${up#*.} ;; *) return ;; esac
  # who was stopped itself reads first what was said meanwhile
  [ $((now - seen)) -lt 500 ] || awake=$now
  seen=$now
  [ $((now - awake)) -ge 50 ] || return
  left=
  set --
  for one in $table; do
    rest=\${one#*:}
    until=\${rest%:*}
    if [ "$until" != - ] && [ "$until" -le "$now" ]; then
      kill -s KILL -- "-\${one%%:*}"
      set -- "$@" -e "$mark\${rest#*:}"
    else
      left="$left $one"
    fi
  done
  [ $# -gt 0 ] || return
  # its exit code is no answer: there is always a file that it may not read
  alive=$(grep -Fls "$@" [0-9]*/environ)
  for one in $alive; do kill -s KILL "\${one%/environ}"; done
  # who takes a moment to die, or was forked meanwhile, is met by the next tick
  [ -n "$alive" ] || table=$left
}

forget() {
  kept=
  for entry in $table; do [ "\${entry%%:*}" = "$1" ] || kept="$kept $entry"; done
  table=$kept
}

trap look CONT
while [ $misses -lt 3 ]; do
  if read -r sign group limit runner end; then
    misses=0
    [ "$end" = . ] || continue
    forget "$group"
    [ "$sign" = - ] || table="$table $group:$limit:$runner"
    # when one is needed, and when it was killed
    if [ "$limit" != - ] && [ -e uptime ] && ! [ -e "/proc/$ticker/exe" ]; then
      tick &
      ticker=$!
    fi
  else
    misses=$((misses + 1))
  fi
done
trap '' CONT
for entry in $table; do kill -s KILL -- "-\${entry%%:*}"; done
# It looks again while it finds somebody. The rounds are bounded, for one that it may not kill would keep it for ever.
rounds=0
while [ $rounds -lt 500 ]; do
  found=$(grep -Fls -e "$mark" [0-9]*/environ)
  [ -n "$found" ] || break
  for file in $found; do kill -s KILL "\${file%/environ}"; done
  rounds=$((rounds + 1))
done
# with the ticker
kill -s KILL -- "-$$"
`;
