# Regions whose voters that answer are no majority.
#
# A voter does not count when PD lists it as down or pending. In a joint
# configuration both halves, the old voters and the new ones, need a majority.
#
# What this cannot see: the leader reports which peers are down. A region that
# lost its leader with its majority reports nothing, and keeps what PD heard
# last. Look at leaderless, too, and at orphan-peers: a peer on a store that PD
# has forgotten counts here as long as no leader reported it.
def role: .role // (if .is_learner then 1 else 0 end);
def majority($lost):
  ([.[].id | select(IN($lost[]) | not)] | length) > (length / 2 | floor);
.regions[]
| ([.down_peers[]?.peer.id] + [.pending_peers[]?.id]) as $lost
| [.peers[]?] as $peers
| select(
    ([$peers[] | select(role | . == 0 or . == 3)] | majority($lost) | not)
    or ([$peers[] | select(role | . == 0 or . == 2)] | majority($lost) | not))
| {id, voters: [$peers[] | select(role != 1) | .store_id], lost: [$peers[] | select(role != 1 and (.id | IN($lost[]))) | .store_id]}
