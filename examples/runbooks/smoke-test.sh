#!/usr/bin/env bash
# Smoke test for CI: a playground of its own, the life of a store from Up to pruned, and
# the refusals in between. Asserts exit statuses and JSON; needs ebb and ebb-playground on
# PATH, and no jq. Leaves nothing behind.
set -euo pipefail

# Settings.
name=smoke-$$                    # of the playground: several run side by side
shape=(--stores 4 --tiflash 1 --regions 100 --speed 10 --store-limit 10000)

usage() {
  cat <<'TEXT'
usage: smoke-test.sh [-n]

  -n  dry run: show the commands, start nothing

Exit status: 0 when everything was as it should be, 1 at the first thing that was not.
TEXT
}

dry=''
while getopts nh option; do
  case $option in
    n) dry=yes ;;
    h) usage; exit 0 ;;
    *) usage >&2; exit 4 ;;
  esac
done
shift $((OPTIND - 1))
[[ $# -eq 0 ]] || { usage >&2; exit 4; }

work=$(mktemp -d)
export XDG_STATE_HOME=$work/state
cleanup() {
  [[ $dry ]] || ebb playground stop --name "$name" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
  printf 'FAILED  %s\n' "$1" >&2
  [[ ! -s $work/out ]] || sed 's/^/    stdout: /' "$work/out" >&2
  [[ ! -s $work/err ]] || sed 's/^/    stderr: /' "$work/err" >&2
  exit 1
}

# expect STATUS OUTPUT COMMAND...: the command has to end with the status, and to print
# the output if that is not empty.
expect() {
  local want=$1 output=$2 status=0
  shift 2
  if [[ $dry ]]; then
    printf '%d  %s\n' "$want" "$*"
    return
  fi
  "$@" >"$work/out" 2>"$work/err" || status=$?
  [[ $status -eq $want ]] || fail "exit status $status, want $want: $*"
  [[ -z $output || $(cat "$work/out") == "$output" ]] || fail "want $output: $*"
  printf 'ok  %d  %s\n' "$status" "$*"
}

topology=topology.yaml
expect 0 '' ebb playground --background --name "$name" --dir "$work/cluster" "${shape[@]}" -o json
leaver=NODE
if [[ ! $dry ]]; then
  cd "$work/cluster"
  leaver=$(ebb display -t "$topology" -R tikv -r --jq '.nodes[-1].id')
fi

# What is there.
expect 0 '4' ebb display -t "$topology" --jq '[.nodes[] | select(.role == "tikv" and .status == "Up")] | length'
expect 0 '100' ebb region -t "$topology" --jq '[.regions[].id] | length'
expect 0 '' ebb orphans -t "$topology" -o json

# What must not be: no node, no --yes where nobody can be asked, a cluster that would be
# too small, a PD that is not there.
expect 4 '' ebb scale-in -t "$topology" --yes
expect 4 '' ebb scale-in -t "$topology" -N "$leaver" </dev/null
expect 3 '"no"' ebb check -t "$topology" -N 1,2 --jq .leave.answer
expect 9 '' ebb display -u http://127.0.0.1:1 --pd-timeout 2s

# A dry run changes nothing, a scale-in can be taken back.
expect 0 '' ebb scale-in -t "$topology" -N "$leaver" --dry-run
expect 0 '"Up"' ebb display -t "$topology" -N "$leaver" --jq '.nodes[0].store.state'
expect 0 '' ebb scale-in -t "$topology" -N "$leaver" --yes
expect 0 '' ebb cancel-offline -t "$topology" -N "$leaver" --yes
expect 0 '"Up"' ebb display -t "$topology" -N "$leaver" --jq '.nodes[0].store.state'

# Out, cleaned, gone.
expect 0 '{"exit_code":0,"result":"done"}' ebb scale-in -t "$topology" -N "$leaver" --wait --timeout 5m --yes \
  --jq 'select(.type == "summary").summary | {result, exit_code}'
expect 3 '' ebb scale-in -t "$topology" -N "$leaver" --yes
expect 0 '' ebb prune -t "$topology" -N "$leaver" -i ssh/id_ed25519 --known-hosts ssh/known_hosts --yes
expect 4 '' ebb display -t "$topology" -N "$leaver"
expect 0 '3' ebb display -t "$topology" -R tikv --jq '.nodes | length'
if [[ $dry ]]; then
  echo "nothing was run"
else
  echo "passed"
fi
