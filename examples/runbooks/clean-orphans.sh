#!/usr/bin/env bash
# Removes the peers that a store left in regions when it was buried too early: lists
# them with a verdict each, keeps the removals as a script, makes those that are safe,
# and looks through all regions again.
set -euo pipefail

# Settings. Options on the command line go before them.
cluster=(prod)          # name of the tiup cluster; -t FILE names a topology instead
script=orphans-$(date +%Y%m%d-%H%M%S).sh # the removals for a machine without ebb: needs curl
at_once=8               # operators under way in PD at a time

usage() {
  cat <<'TEXT'
usage: clean-orphans.sh [-n] [-y] [-t FILE | -c CLUSTER] [-o SCRIPT] [-m OPERATORS]

  -n  dry run: list, write the script, show the plan, change nothing
  -y  do not ask before the removal (ebb asks otherwise, and needs a terminal for it)
  -t  topology.yaml or meta.yaml      -c  name of the tiup cluster (prod)
  -o  where the script goes (orphans-DATE.sh)
  -m  most operators at once (8)

Exit status: 0 when no orphan is left; 3 when there are some and none is safe to remove;
8 when some are left; else that of the ebb command it stopped at (ebb help exit-codes).
TEXT
}

dry='' go=()
while getopts nyt:c:o:m:h option; do
  case $option in
    n) dry=yes ;;
    y) go=(--yes) ;;
    t) cluster=(-t "$OPTARG") ;;
    c) cluster=("$OPTARG") ;;
    o) script=$OPTARG ;;
    m) at_once=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 4 ;;
  esac
done
shift $((OPTIND - 1))
[[ $# -eq 0 ]] || { usage >&2; exit 4; }
[[ -z $dry ]] || go=(--dry-run)

say() { printf '\n=== %s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# run shows and runs an ebb command, and leaves its exit status in $status.
run() {
  printf '\n$ ebb %s\n' "$*"
  status=0
  ebb "$@" || status=$?
}

# stop ADVICE: ends with the status of the last command.
stop() {
  printf '\n=== STOPPED, exit status %d\n' "$status" >&2
  ebb help exit-codes | grep -E "^ *$status  " >&2 || true
  printf '    -> %s\n' "$1" >&2
  exit "$status"
}

otherwise() {
  case $status in
    4) stop "check the command above" ;;
    5) stop "mend what could not be looked at; not knowing is no reason to go on" ;;
    6 | 130) stop "run this again to go on" ;;
    9) stop "PD comes first: nothing can be decided without it" ;;
    10) stop "somebody else is at work (ebb audit list); run this again when they are done" ;;
    *) stop "read the error above; run this again to go on" ;;
  esac
}

say "1. Which regions name a store that is gone?"
run orphans "${cluster[@]}"
case $status in
  0)
    say "None. Nothing to do."
    exit 0
    ;;
  3) ;;
  *) otherwise ;;
esac

say "2. The safe removals as a script, good for ten minutes: $script"
printf '\n$ ebb %s >%s\n' "orphans script ${cluster[*]} --format curl" "$script"
status=0
ebb orphans script "${cluster[@]}" --format curl >"$script" || status=$?
case $status in
  0) ;;
  3) stop "none is safe to remove: the list above says why each is left alone, $script has it too" ;;
  *) otherwise ;;
esac

say "3. Remove what is safe."
run orphans apply "${cluster[@]}" --max-operators "$at_once" ${go[@]+"${go[@]}"}
case $status in
  0 | 8) ;;
  3) stop "none is safe any more: run this again to see why" ;;
  *) otherwise ;;
esac
if [[ $dry ]]; then
  say "Nothing was changed. Without -n, this is what happens."
  exit 0
fi

say "4. Look through all regions again."
run orphans "${cluster[@]}" --full-scan
case $status in
  0) say "No orphan is left." ;;
  3)
    status=8
    stop "some are left: \"wait\" and \"hold\" want time, look again in five minutes; \"refuse\" wants somebody who knows the data"
    ;;
  *) otherwise ;;
esac
