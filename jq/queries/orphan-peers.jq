# Peers on stores that PD does not know.
#
# A region says where its peers are, but not which stores there are: give the
# ids of all stores that PD lists, tombstones left out. A store that is missing
# in the list makes orphans of all its peers.
#
# arg known: ids of the stores that PD knows, with commas between them
($known | split(",") | map(tonumber)) as $ids
| .regions[]
| .id as $region
| .peers[]?
| select(.store_id | IN($ids[]) | not)
| {region: $region, peer: .id, store: .store_id}
