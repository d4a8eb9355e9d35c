# Stores by free space, the fullest first. PD puts nothing onto a store that is filled
# to low-space-ratio (0.8 unless changed).
#
#   $ ebb display prod --jq "$(cat free-space.jq)"
[.nodes[] | select(.store.capacity_bytes > 0)
 | {id, free_percent: (.store.available_bytes * 100 / .store.capacity_bytes | floor)}]
| sort_by(.free_percent, .id)[]
