#!/usr/bin/env bash
# The host of one or more stores is dead and does not come back: makes sure that it
# stays dead, that every region goes on without it, writes it off, and looks for what
# is left behind. This cannot be taken back. A host that may come back within hours is
# better waited for: PD gives its regions new copies by itself after 30 minutes.
#
# Stops at the first no. Run it again with the same arguments to go on.
set -euo pipefail

# Settings. Options on the command line go before them.
cluster=(prod) # name of the tiup cluster; -t FILE names a topology instead
ssh=()         # such as (-i ~/.ssh/id_ed25519), if tiup's own key is not on this machine
fencing=()     # such as (--fence-hook ./fence_ipmilan.sh): switches off what cannot be logged in to

usage() {
  cat <<'TEXT'
usage: dead-host.sh [-n] [-C CLUSTER_ID] [-t FILE | -c CLUSTER] [-i KEY] [-k KNOWN_HOSTS]
                    [-H HOOK | -U] NODE...

  -n  dry run: look, judge, show the plan, change nothing
  -C  id of the cluster, as ebb display shows it: go on without questions. Otherwise the
      address of each store has to be typed, at a terminal.
  -t  topology.yaml or meta.yaml      -c  name of the tiup cluster (prod)
  -i  key to log in with              -k  known_hosts file
  -H  program that switches a machine off (protocol of pacemaker's fence agents)
  -U  the machine is known to be off, though it cannot be asked. Be sure: a store that
      was written off and comes back may answer with old data.

NODE is what ebb display calls it: all stores that died, at once. Exit status: that of
the ebb command it stopped at (ebb help exit-codes), 0 when nothing is left to do.
TEXT
}

dry='' sure=() unfenced=''
while getopts nC:t:c:i:k:H:Uh option; do
  case $option in
    n) dry=yes ;;
    C) sure=(--yes --cluster-id "$OPTARG") ;;
    t) cluster=(-t "$OPTARG") ;;
    c) cluster=("$OPTARG") ;;
    i) ssh+=(-i "$OPTARG") ;;
    k) ssh+=(--known-hosts "$OPTARG") ;;
    H) fencing=(--fence-hook "$OPTARG") ;;
    U) unfenced=yes ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 4 ;;
  esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || { usage >&2; exit 4; }
nodes=$(IFS=,; echo "$*")

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

# otherwise says what to do about the statuses that mean the same at every step.
otherwise() {
  case $status in
    4) stop "check the command above against: ebb display ${cluster[*]}" ;;
    6 | 130) stop "nothing was changed; run this again to go on" ;;
    8) stop "run this again: it continues where it was" ;;
    9) stop "PD comes first: nothing can be decided without it" ;;
    10) stop "somebody else is at work (ebb audit list); run this again when they are done" ;;
    *) stop "read the error above; run this again to go on" ;;
  esac
}

say "1. Would every region go on without them?"
run check "${cluster[@]}" -N "$nodes" --lost
case $status in
  0) ;;
  3) stop "regions would be lost: get one of the hosts or its disk back. force-remove refuses, and lists the regions and the last resorts: ebb force-remove ${cluster[*]} -N $nodes --dry-run" ;;
  5) stop "mend what could not be looked at; not knowing is no reason to go on" ;;
  *) otherwise ;;
esac

say "2. Do they stay dead?"
fence=(fence "${cluster[@]}" -N "$nodes" ${ssh[@]+"${ssh[@]}"} ${fencing[@]+"${fencing[@]}"})
if [[ $dry ]]; then
  fence+=(--dry-run)
elif [[ ${#sure[@]} -gt 0 ]]; then
  fence+=(--yes)
fi
run "${fence[@]}"
risk=()
case $status in
  0) ;;
  3) stop "a store is alive, or PD hears it: it can leave without loss, with ebb scale-in" ;;
  5)
    [[ $unfenced ]] || stop "the host cannot be asked. Switch it off (-H HOOK does), or look at it and say that it is off: -U"
    echo "going on as told (-U): the machine is off"
    risk=(--accept-risk unfenced)
    ;;
  *) otherwise ;;
esac

say "3. Write them off."
remove=(force-remove "${cluster[@]}" -N "$nodes" ${ssh[@]+"${ssh[@]}"} ${fencing[@]+"${fencing[@]}"} ${risk[@]+"${risk[@]}"})
if [[ $dry ]]; then
  remove+=(--dry-run)
else
  remove+=(${sure[@]+"${sure[@]}"})
fi
run "${remove[@]}"
case $status in
  0) ;;
  3) stop "do what the lines with \"fix:\" say; nothing was written off" ;;
  5) stop "mend what could not be looked at; nothing was written off" ;;
  7) stop "they are written off; PD still makes new copies. Run this again to see the end of it" ;;
  *) otherwise ;;
esac

say "4. Is anything left that names them?"
run orphans "${cluster[@]}" --full-scan
case $status in
  0) ;;
  3) [[ $dry ]] || stop "see clean-orphans.sh for what is left" ;;
  5) stop "look again in five minutes: ebb orphans ${cluster[*]} --full-scan" ;;
  *) otherwise ;;
esac

if [[ $dry ]]; then
  say "Nothing was changed. Without -n, this is what happens."
else
  say "Done. What the cluster can still bear, it tells for each store: ebb check ${cluster[*]} -N NODE"
  ebb display "${cluster[@]}"
fi
