# Number of peers and leaders on each store.
reduce .regions[] as $r ({};
  reduce ($r.peers[]?.store_id | tostring) as $s (.; .[$s].peers += 1)
  | ($r.leader.store_id // 0) as $l
  | if $l == 0 then . else .["\($l)"].leaders += 1 end)
| to_entries | sort_by(.key | tonumber) | .[]
| {store: (.key | tonumber), peers: (.value.peers // 0), leaders: (.value.leaders // 0)}
