# Stores that PD has not heard of for more than 20 seconds; a healthy one reports every 10.
#
#   $ ebb display prod --jq "$(cat silent.jq)"
.nodes[]
| select(.store.heartbeat_age_seconds > 20)
| {id, store: .store.id, state: .store.state, silent_seconds: (.store.heartbeat_age_seconds | floor)}
