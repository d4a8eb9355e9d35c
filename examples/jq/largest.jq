# The ten largest regions, in MiB as TiKV reported them. One of many GiB takes its time
# to move, and holds up the end of a scale-in.
#
#   $ ebb region prod --jq "$(cat largest.jq)"
[.regions[] | {id, mib: (.approximate_size // 0)}]
| sort_by(-.mib, .id)
| .[:10][]
