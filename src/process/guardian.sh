#!/bin/sh
# Kills what a worker has left, however that died, and what is past its time while the worker is stopped. See guardian.ts.
#
#   guardian.sh MARK    lines on standard input: `+ GROUP UNTIL RUNNER .` or `- GROUP - - .`; UNTIL in 1/100 s since boot, or -
#
# SIGINT and SIGTERM to all of a terminal's processes must not end it before the worker. dash knows `--` only after `-s`.
#
# `read` has no timeout in dash, so that a ticker interrupts it: by SIGCONT, which would harm nobody else. A read that is interrupted
# goes on behind the trap, or fails, as the shell has it, with half a line maybe: each ends with a dot. The pipe's end is a read that
# fails again and again, with no tick between.
#
# A trap runs between any two commands: `look` has names of its own, and takes nothing from the table but who is dead.

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
  case $up in *.??) now=${up%.*}${up#*.} ;; *) return ;; esac
  # who was stopped itself reads first what was said meanwhile
  [ $((now - seen)) -lt 500 ] || awake=$now
  seen=$now
  [ $((now - awake)) -ge 50 ] || return
  left=
  set --
  for one in $table; do
    rest=${one#*:}
    until=${rest%:*}
    if [ "$until" != - ] && [ "$until" -le "$now" ]; then
      kill -s KILL -- "-${one%%:*}"
      set -- "$@" -e "$mark${rest#*:}"
    else
      left="$left $one"
    fi
  done
  [ $# -gt 0 ] || return
  # its exit code is no answer: there is always a file that it may not read
  alive=$(grep -Fls "$@" [0-9]*/environ)
  for one in $alive; do kill -s KILL "${one%/environ}"; done
  # who takes a moment to die, or was forked meanwhile, is met by the next tick
  [ -n "$alive" ] || table=$left
}

forget() {
  kept=
  for entry in $table; do [ "${entry%%:*}" = "$1" ] || kept="$kept $entry"; done
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
for entry in $table; do kill -s KILL -- "-${entry%%:*}"; done
# It looks again while it finds somebody. The rounds are bounded, for one that it may not kill would keep it for ever.
rounds=0
while [ $rounds -lt 500 ]; do
  found=$(grep -Fls -e "$mark" [0-9]*/environ)
  [ -n "$found" ] || break
  for file in $found; do kill -s KILL "${file%/environ}"; done
  rounds=$((rounds + 1))
done
# with the ticker
kill -s KILL -- "-$$"
