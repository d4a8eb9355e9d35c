# Peers that vote but hold no data (PD 6.6 and later).
.regions[]
| .id as $region
| .peers[]?
| select(.is_witness)
| {region: $region, peer: .id, store: .store_id}
