# Where each store is: an object of store id to zone, for the programs that need it.
#
# PD's regions name stores only. Another label: put it in place of "zone" in
# --arg label. A store without it is "".
#
#   $ ebb store prod --arg label zone --jq "$(cat zone-of-store.jq)"
[.stores[].store
 | {key: "\(.id)", value: ([.labels[]? | select(.key == $label) | .value][0] // "")}]
| from_entries
