# Stores that are leaving and what is left on them; null as long as nobody can tell.
#
#   $ ebb display prod --jq "$(cat leaving.jq)"
.nodes[]
| select(.store.leaving)
| {id, store: .store.id, regions: .store.regions, leaders: .store.leaders, eta_seconds: .store.leaving.eta_seconds}
