# Peers that have no vote, among them all of TiFlash.
#
# PD 4.0 knows them by is_learner, PD 5.0.0 to 5.0.2 by role alone.
.regions[]
| .id as $region
| .peers[]?
| select((.role // (if .is_learner then 1 else 0 end)) == 1)
| {region: $region, peer: .id, store: .store_id}
