# Regions without a leader that PD knows of: where their keys begin and who has them.
#
#   $ ebb region prod --jq "$(cat leaderless.jq)"
.regions[]
| select((.leader.store_id // 0) == 0)
| {id, start_key, end_key, stores: [.peers[].store_id]}
