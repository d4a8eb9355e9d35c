# Regions without a leader that PD knows of.
#
# PD 4.0 leaves the leader out, PD 5.0 and later write one with no store. A
# leader may also be out of date: PD keeps the last one it heard of.
.regions[]
| select((.leader.store_id // 0) == 0)
| .id
