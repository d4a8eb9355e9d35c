# Orphan peers by the store that is gone and by verdict. Only "safe" ones are removed by
# ebb orphans apply.
#
#   $ ebb orphans prod --jq "$(cat orphans-by-store.jq)"
.orphans
| group_by(.store_id, .verdict)[]
| {store: .[0].store_id, verdict: .[0].verdict, peers: length}
