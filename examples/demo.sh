#!/usr/bin/env bash
# A store leaves a running cluster, and another one is taken back half way: with
# a real PD and simulated TiKV stores, all on this machine. Needs ebb and
# ebb-playground on PATH; `make demo` builds them first. Leaves nothing behind.
set -euo pipefail

home=$(mktemp -d)
export XDG_STATE_HOME=$home/state
trap 'ebb playground stop --name demo >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n# %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
# refused runs a command that must end with the given exit status.
refused() {
  local want=$1 got=0
  shift
  run "$@" || got=$?
  printf '(exit status %d)\n' "$got"
  [ "$got" -eq "$want" ]
}
regions() { ebb display -t "$topology" -N "$1" --jq '.nodes[0].store.regions'; }

say "A real PD with five TiKV stores in three zones and one TiFlash store."
ebb playground --name demo --dir "$home/demo" --background --stores 5 --tiflash 1 --zones 3 \
  --regions 1200 --store-limit 600 --speed 10 -o json >"$home/demo.json"
cd "$home/demo"
topology=topology.yaml
tikv=$(ebb display -t "$topology" --jq '.nodes[] | select(.role == "tikv") | .id')
a=$(sed -n 4p <<<"$tikv") b=$(sed -n 5p <<<"$tikv")
flash=$(ebb display -t "$topology" --jq '.nodes[] | select(.role == "tiflash") | .id')
a=${a//\"/} b=${b//\"/} flash=${flash//\"/}
run ebb display -t "$topology"

say "The only TiFlash store cannot leave while tables keep a replica on it: refused, nothing changed."
refused 3 ebb scale-in -t "$topology" -N "$flash" --yes

say "A TiKV store can."
before=$(regions "$a")
run ebb scale-in -t "$topology" -N "$a" --yes

say "Second thoughts: when half of its regions have left, take it back."
while [ "$(regions "$a")" -gt $((before / 2)) ]; do sleep 0.5; done
run ebb display -t "$topology" -N "$a"
run ebb cancel-offline -t "$topology" -N "$a" --yes
run ebb display -t "$topology" -N "$a"

say "Another one leaves for good. Ctrl-C would only stop the watching."
run ebb scale-in -t "$topology" -N "$b" --evict-leader --wait --yes
run ebb display -t "$topology"

say "Done. Everything is gone again from this machine."
