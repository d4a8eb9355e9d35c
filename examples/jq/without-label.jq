# Stores that lack a location label. PD takes such a store for a place of its own, and
# may put two replicas onto one machine.
#
#   $ ebb store prod -r --arg label zone --jq "$(cat without-label.jq)"
.stores[].store
| select(.state_name != "Tombstone")
| select([.labels[]? | select(.key == $label and .value != "")] | length == 0)
| .address
