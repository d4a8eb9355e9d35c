# Regions with a voter on both of two stores: with both gone, two of three are lost.
#
# Whether the two may be lost together is for ebb check to say: ebb check prod -N 1,2 --lost
#
#   $ ebb region prod --arg a 1 --arg b 2 --jq "$(cat on-both-stores.jq)"
($a | tonumber) as $a | ($b | tonumber) as $b
| .regions[]
| [.peers[] | select((.role // 0) != 1) | .store_id] as $voters
| select(($voters | index($a)) != null and ($voters | index($b)) != null)
| .id
