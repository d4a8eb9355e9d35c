# Versions that run, with their stores: more than one means an upgrade that is not done.
#
#   $ ebb store prod --jq "$(cat versions.jq)"
[.stores[].store | select(.state_name != "Tombstone")]
| group_by(.version)[]
| {version: .[0].version, stores: ([.[].id] | sort)}
