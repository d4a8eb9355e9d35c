# Regions with fewer voters than max-replicas. PD adds the missing ones by itself; the
# same list twice, minutes apart, means that it cannot.
#
# Dead voters count here. For those that answer: ebb region prod --query no-majority
#
#   $ ebb region prod --arg want 3 --jq "$(cat short-of-voters.jq)"
($want | tonumber) as $want
| .regions[]
| [.peers[] | select((.role // 0) != 1)] as $voters
| select(($voters | length) < $want)
| {id, stores: [$voters[].store_id]}
