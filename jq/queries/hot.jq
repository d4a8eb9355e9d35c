# Regions with much written or read between two heartbeats.
#
# The numbers are those of the last heartbeat's interval, of a minute usually.
# PD's own choice of hot regions weighs more than that.
#
# arg min_mib = 10: MiB written or read from which a region is shown
($min_mib | tonumber * 1048576) as $min
| .regions[]
| select((.written_bytes // 0) >= $min or (.read_bytes // 0) >= $min)
| {id, leader_store: .leader.store_id, written_bytes: (.written_bytes // 0), read_bytes: (.read_bytes // 0)}
