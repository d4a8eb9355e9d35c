# What keeps regions from leaving now, the worst first: the cause, how many regions it
# keeps, and the next command. What merely sets the pace keeps none.
#
#   $ ebb diagnose prod --jq "$(cat causes.jq)"
.causes[]
| select(.regions_blocked > 0)
| {id, name, regions_blocked, next}
