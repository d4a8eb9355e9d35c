#!/usr/bin/env bash
# Replaces stores one at a time: each leaves, PD moves its regions to the others, its
# host is cleaned, and only then the next one begins. The new stores must be in the
# cluster already (tiup cluster scale-out).
#
# Stops at the first problem and says what to do. Run it again with the same
# arguments: stores that are done are skipped, one that is leaving is waited for.
set -euo pipefail

# Settings. Options on the command line go before them.
cluster=(prod)             # name of the tiup cluster; -t FILE names a topology instead
ssh=()                     # such as (-i ~/.ssh/id_ed25519), if tiup's own key is not on this machine
speed=()                   # such as (--tune gentle): faster while a store leaves, put back afterwards
timeout=12h                # longest wait for one store; it goes on leaving after that
begun=rolling-replacement.begun # stores that were begun, for the next run

usage() {
  cat <<'TEXT'
usage: rolling-replacement.sh [-n] [-y] [-t FILE | -c CLUSTER] [-i KEY] [-k KNOWN_HOSTS]
                              [-s PROFILE] [-w TIMEOUT] NODE...

  -n  dry run: check and show the plans, change nothing
  -y  do not ask before each step (ebb asks otherwise, and needs a terminal for it)
  -t  topology.yaml or meta.yaml      -c  name of the tiup cluster (prod)
  -i  key to log in with              -k  known_hosts file
  -s  speed while a store leaves: gentle, fast or max (PD's own)
  -w  longest wait for one store (12h)

NODE is what ebb display calls it: 10.0.1.11:20160. Exit status: that of the ebb command
it stopped at (ebb help exit-codes), 0 when all stores are gone.
TEXT
}

dry='' go=()
while getopts nyt:c:i:k:s:w:h option; do
  case $option in
    n) dry=yes ;;
    y) go=(--yes) ;;
    t) cluster=(-t "$OPTARG") ;;
    c) cluster=("$OPTARG") ;;
    i) ssh+=(-i "$OPTARG") ;;
    k) ssh+=(--known-hosts "$OPTARG") ;;
    s) speed=(--tune "$OPTARG") ;;
    w) timeout=$OPTARG ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 4 ;;
  esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || { usage >&2; exit 4; }
[[ -z $dry ]] || go=(--dry-run)

say() { printf '\n=== %s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# stop STATUS WHERE: says what the status means and what to do, and ends with it.
stop() {
  local status=$1 advice
  case $status in
    3) advice="nothing is wrong yet: do what the lines with \"fix:\" say, then run this again" ;;
    4) advice="check the command above against: ebb display ${cluster[*]}" ;;
    5 | 9) advice="find out why it does not answer; not knowing is no reason to go on" ;;
    6 | 130) advice="run this again to go on" ;;
    7) advice="it goes on leaving by itself; if it is slow: ebb diagnose ${cluster[*]}; then run this again" ;;
    8) advice="run this again: it continues where it was" ;;
    10) advice="somebody else is at work (ebb audit list); run this again when they are done" ;;
    11) advice="put the settings back first: ebb tune restore ${cluster[*]}" ;;
    *) advice="read the error above; run this again to go on" ;;
  esac
  printf '\n=== STOPPED at %s, exit status %d\n' "$2" "$status" >&2
  ebb help exit-codes | grep -E "^ *$status  " >&2 || true
  printf '    -> %s\n' "$advice" >&2
  exit "$status"
}

# run shows and runs an ebb command for the node at hand.
run() {
  printf '\n$ ebb %s\n' "$*"
  local status=0
  ebb "$@" || status=$?
  [[ $status -eq 0 ]] || stop "$status" "$node"
}

# ask runs ebb check for nodes, and shows all that it says unless that is a yes.
ask() {
  local answer status=0
  printf '\n$ ebb check %s\n' "${cluster[*]} -N $1"
  answer=$(ebb check "${cluster[@]}" -N "$1" 2>&1) || status=$?
  if [[ $status -ne 0 ]]; then
    echo "$answer"
    stop "$status" "$1"
  fi
  echo "yes, in order"
}

# state prints what PD calls the node: Up, Offline, ...; gone when it was begun and
# is in the cluster no more.
state() {
  local answer status=0
  if grep -qxF -e "$1" "$begun" 2>/dev/null; then
    ebb display "${cluster[@]}" -N "$1" >/dev/null 2>&1 || status=$?
    if [[ $status -eq 4 ]] && ebb display "${cluster[@]}" >/dev/null; then
      echo gone
      return
    fi
  fi
  answer=$(ebb display "${cluster[@]}" -N "$1" --jq '.nodes[0].store.state // "unknown to PD"') || stop $? "$1"
  answer=${answer#\"}
  echo "${answer%\"}"
}

say "May all of them leave, together?"
up=
for node in "$@"; do
  at=$(state "$node")
  echo "$node is $at"
  [[ $at != Up ]] || up=$up,$node
done
if [[ $up ]]; then
  ask "${up#,}"
fi

for node in "$@"; do
  say "Store $node"
  at=$(state "$node")
  case $at in
    gone)
      echo "gone already"
      continue
      ;;
    Up)
      [[ $dry ]] || echo "$node" >>"$begun"
      ask "$node"
      if [[ $dry ]]; then
        run scale-in "${cluster[@]}" -N "$node" --dry-run
        continue
      fi
      run scale-in "${cluster[@]}" -N "$node" --wait --timeout "$timeout" ${speed[@]+"${speed[@]}"} ${go[@]+"${go[@]}"}
      ;;
    Offline)
      [[ $dry ]] && { echo "leaving already; then: ebb prune"; continue; }
      run watch "${cluster[@]}" -N "$node" --timeout "$timeout"
      ;;
    Tombstone) ;;
    *)
      echo "PD does not hear it (state: $at). A dead store cannot be waited for: see dead-host.sh" >&2
      stop 3 "$node"
      ;;
  esac
  run prune "${cluster[@]}" -N "$node" ${ssh[@]+"${ssh[@]}"} ${go[@]+"${go[@]}"}
done

if [[ $dry ]]; then
  say "Nothing was changed. Without -n, this is what happens."
else
  rm -f "$begun"
  say "All done."
  ebb display "${cluster[@]}"
fi
