# What has to move before a store can leave: regions, MiB, and the leaders among them.
#
#   $ ebb region prod --store 4 --arg store 4 --jq "$(cat to-move.jq)"
($store | tonumber) as $store
| reduce .regions[] as $r ({regions: 0, mib: 0, leaders: 0};
    .regions += 1
    | .mib += ($r.approximate_size // 0)
    | if $r.leader.store_id == $store then .leaders += 1 else . end)
