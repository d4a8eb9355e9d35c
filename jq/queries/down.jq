# Peers that their leader has not heard of for a while.
#
# down_seconds counts from when the leader first missed the peer.
.regions[]
| .id as $region
| .down_peers[]?
| {region: $region, peer: .peer.id, store: .peer.store_id, down_seconds}
