#!/usr/bin/env bash
# A store leaves a running cluster and its host is cleaned, another one is taken
# back half way, and a third one dies: with a real PD and simulated TiKV stores
# and hosts, all on this machine. Needs ebb and ebb-playground on PATH; `make
# demo` builds them first. Leaves nothing behind.
set -euo pipefail

home=$(mktemp -d)
export XDG_STATE_HOME=$home/state
trap 'ebb playground stop --name demo >/dev/null 2>&1 || true; rm -rf "$home"' EXIT
trap 'exit 130' INT TERM

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
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
  --regions 500 --store-limit 600 --speed 10 -o json >"$home/demo.json"
cd "$home/demo"
topology=topology.yaml
tikv=$(ebb display -t "$topology" --jq '.nodes[] | select(.role == "tikv") | .id')
a=$(sed -n 4p <<<"$tikv") b=$(sed -n 5p <<<"$tikv") c=$(sed -n 3p <<<"$tikv")
flash=$(ebb display -t "$topology" --jq '.nodes[] | select(.role == "tiflash") | .id')
a=${a//\"/} b=${b//\"/} c=${c//\"/} flash=${flash//\"/}
ssh=(-i ssh/id_ed25519 --known-hosts ssh/known_hosts)
run ebb display -t "$topology"

say "The only TiFlash store cannot leave while tables keep a replica on it: refused, nothing changed."
refused 3 ebb scale-in -t "$topology" -N "$flash" --yes

say "A TiKV store can."
before=$(regions "$a")
run ebb scale-in -t "$topology" -N "$a" --yes

say "Is anything in its way? Why not faster?"
while [ "$(regions "$a")" -gt $((before * 3 / 4)) ]; do sleep 0.2; done
run ebb diagnose -t "$topology"

say "Second thoughts: take it back, with half of its regions gone."
while [ "$(regions "$a")" -gt $((before / 2)) ]; do sleep 0.2; done
run ebb display -t "$topology" -N "$a"
run ebb cancel-offline -t "$topology" -N "$a" --yes
run ebb display -t "$topology" -N "$a"

say "Another one leaves for good. Ctrl-C would only stop the watching."
run ebb scale-in -t "$topology" -N "$b" --evict-leader --wait --yes

say "Its host still has the service and the data. Clean it, over SSH."
run ebb prune -t "$topology" -N "$b" "${ssh[@]}" --yes

say "A store dies: its process is gone and does not come back."
run ebb playground fault --name demo stop "$c"
sleep 22 # PD calls a store Disconnected after 20 seconds
refused 3 ebb scale-in -t "$topology" -N "$a" --dry-run

say "Write it off: every region is judged, and the host is fenced first."
id=$(ebb display -t "$topology" --jq .cluster.id)
run ebb force-remove -t "$topology" -N "$c" "${ssh[@]}" --yes --cluster-id "$id"
run ebb display -t "$topology"
run ebb audit list

say "Done. Everything is gone again from this machine."
