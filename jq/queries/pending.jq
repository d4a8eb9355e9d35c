# Peers that lag behind, such as those waiting for a snapshot.
.regions[]
| .id as $region
| .pending_peers[]?
| {region: $region, peer: .id, store: .store_id}
