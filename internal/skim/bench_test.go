package skim

import "testing"

// region is one of three peers as PD prints it.
var region = []byte(`{"id":1004,"start_key":"7480000000000000FF0000000100000000FB","end_key":"7480000000000000FF0000000200000000FB","epoch":{"conf_ver":5,"version":41},"peers":[{"id":1005,"store_id":2,"role":0,"role_name":"Voter"},{"id":1006,"store_id":5,"role":0,"role_name":"Voter"},{"id":1007,"store_id":7,"role":0,"role_name":"Voter"}],"leader":{"id":1005,"store_id":2,"role":0,"role_name":"Voter"},"cpu_usage":0,"written_bytes":1001,"read_bytes":0,"written_keys":12,"read_keys":0,"approximate_size":61,"approximate_keys":400001}`)

func BenchmarkValue(b *testing.B) {
	b.SetBytes(int64(len(region)))
	for b.Loop() {
		if end, err := Value(region, 0, 0); err != nil || end != len(region) {
			b.Fatal(end, err)
		}
	}
}
