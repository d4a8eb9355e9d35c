# Which stores lead the regions of a store that leaves. The leader sends the snapshot
# for the new peer: a store far above the others sets the pace.
#
#   $ ebb region prod --store 4 --jq "$(cat senders.jq)"
reduce .regions[] as $r ({}; .["\($r.leader.store_id // 0)"] += 1)
| to_entries | sort_by(-.value, (.key | tonumber))[]
| {store: (.key | tonumber), leads: .value}
