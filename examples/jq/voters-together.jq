# Regions with two voters or more in one zone: a lost zone may cost them the majority.
#
#   $ ebb region prod --arg zones "$(ebb store prod --arg label zone --jq "$(cat zone-of-store.jq)")" --jq "$(cat voters-together.jq)"
($zones | fromjson) as $zone
| .regions[]
| [.peers[] | select((.role // 0) != 1) | $zone["\(.store_id)"] // empty] as $at
| [$at | group_by(.)[] | select(length > 1) | .[0]] as $crowded
| select($crowded | length > 0)
| {id, zones: $crowded}
