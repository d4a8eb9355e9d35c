package jq

import (
	"fmt"
	"iter"
)

// sopFilter is the first program of the procedure.
const sopFilter = `.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) } | .id`

// pdRegion is a region of three peers as PD prints it, about 625 bytes.
func pdRegion(i int) []byte {
	id := 1000 + 4*i
	peer := func(n, store int) string {
		return fmt.Sprintf(`{"id":%d,"store_id":%d,"role":0,"role_name":"Voter"}`, id+n, store)
	}
	extra := ""
	if i%50 == 0 {
		extra = fmt.Sprintf(`"down_peers":[{"peer":%s,"down_seconds":300}],"pending_peers":[%s],`, peer(3, 3), peer(3, 3))
	}
	s := [3]int{1 + i%9, 1 + (i+3)%9, 1 + (i+5)%9}
	return fmt.Appendf(nil, `{"id":%d,"start_key":"7480000000000000FF%08X00000000FB","end_key":"7480000000000000FF%08X00000000FB","epoch":{"conf_ver":5,"version":%d},"peers":[%s,%s,%s],"leader":%s,%s"cpu_usage":0,"written_bytes":%d,"read_bytes":0,"written_keys":12,"read_keys":0,"approximate_size":%d,"approximate_keys":%d}`,
		id, i, i+1, 40+i%7, peer(1, s[0]), peer(2, s[1]), peer(3, s[2]), peer(1, s[0]), extra, 1000+i%5000, 60+i%60, 400000+i%9999)
}

// pages cuts n regions as a client of PD does.
func pages(n int) [][][]byte {
	var all [][][]byte
	var page [][]byte
	for i := range n {
		if page = append(page, pdRegion(i)); len(page) == 1024 {
			all, page = append(all, page), nil
		}
	}
	return append(all, page)
}

func sequence(all [][][]byte) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for _, page := range all {
			if !yield(page, nil) {
				return
			}
		}
	}
}
