# Regions in the middle of a change of their voters.
#
# Roles 2 and 3 are voters that come and go (PD 5.0 and later). PD finishes
# such a change by itself; one that stays has lost a majority.
.regions[]
| select(any(.peers[]?; .role == 2 or .role == 3))
| {id, incoming: [.peers[] | select(.role == 2) | .store_id], demoting: [.peers[] | select(.role == 3) | .store_id]}
