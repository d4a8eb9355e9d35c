# How many voters each zone has, and how many leaders.
#
#   $ ebb region prod --arg zones "$(ebb store prod --arg label zone --jq "$(cat zone-of-store.jq)")" --jq "$(cat voters-per-zone.jq)"
($zones | fromjson) as $zone
| reduce .regions[] as $r ({};
    reduce ($r.peers[] | select((.role // 0) != 1) | $zone["\(.store_id)"] // "unknown store") as $z (.; .[$z].voters += 1)
    | ($zone["\($r.leader.store_id // 0)"] // "no leader") as $z | .[$z].leaders += 1)
| to_entries[]
| {zone: .key, voters: (.value.voters // 0), leaders: (.value.leaders // 0)}
