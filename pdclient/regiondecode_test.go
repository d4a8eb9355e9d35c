package pdclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"ebb/cluster"
)

func decodeOne(t *testing.T, text string) cluster.Region {
	t.Helper()
	r, err := decodeRegion(&answer{body: []byte(text)})
	if err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
	return r
}

func TestDecodeRegion(t *testing.T) {
	tests := []struct {
		name, in string
		want     cluster.Region
	}{
		{"8.5, learner pending and down",
			`{"id":7,"start_key":"7480","end_key":"","epoch":{"conf_ver":6,"version":10},"peers":[
			 {"role_name":"Voter","id":1,"store_id":1},{"role_name":"Learner","is_learner":true,"id":8,"store_id":5,"role":1}],
			 "leader":{"role_name":"Voter","id":1,"store_id":1},
			 "down_peers":[{"peer":{"id":8,"store_id":5,"role":1},"down_seconds":700}],
			 "pending_peers":[{"id":8,"store_id":5,"role":1}],"buckets":["74","75"],"cpu_usage":4,
			 "approximate_size":96,"approximate_keys":960000}`,
			cluster.Region{ID: 7, StartKey: []byte{0x74, 0x80}, Epoch: cluster.RegionEpoch{ConfVer: 6, Version: 10},
				Peers:              []cluster.Peer{{ID: 1, StoreID: 1}, {ID: 8, StoreID: 5, Role: cluster.Learner}},
				Leader:             cluster.Peer{ID: 1, StoreID: 1},
				Down:               []cluster.DownPeer{{Peer: cluster.Peer{ID: 8, StoreID: 5, Role: cluster.Learner}, DownSeconds: 700}},
				Pending:            []cluster.Peer{{ID: 8, StoreID: 5, Role: cluster.Learner}},
				ApproximateSizeMiB: 96, ApproximateKeys: 960000}},
		{"4.0 has no roles", `{"id":7,"peers":[{"id":1,"store_id":1},{"id":2,"store_id":2,"is_learner":true}]}`,
			cluster.Region{ID: 7, Peers: []cluster.Peer{{ID: 1, StoreID: 1}, {ID: 2, StoreID: 2, Role: cluster.Learner}}}},
		{"joint state and witness", `{"id":7,"peers":[{"id":1,"store_id":1,"role":2},{"id":2,"store_id":2,"role":3,"is_witness":true}]}`,
			cluster.Region{ID: 7, Peers: []cluster.Peer{{ID: 1, StoreID: 1, Role: cluster.IncomingVoter},
				{ID: 2, StoreID: 2, Role: cluster.DemotingVoter, IsWitness: true}}}},
		{"no leader, 6.3 and later", `{"id":7,"leader":{"role_name":""},"peers":null}`, cluster.Region{ID: 7}},
		{"no leader, 5.0", `{"id":7,"leader":{"role_name":"Voter"}}`, cluster.Region{ID: 7}},
		{"null", `null`, cluster.Region{}},
		{"zero object", `{"id":0,"start_key":"","end_key":"","epoch":{},"peers":null,"leader":{"role_name":""}}`, cluster.Region{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decodeOne(t, tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// readRegions decodes a list of regions as one of a page is.
func readRegions(body []byte) ([]cluster.Region, error) {
	items, err := typedPage(&answer{body: body}, nil)
	var out []cluster.Region
	for i := range items {
		out = append(out, items[i].value)
	}
	return out, err
}

func TestDecodeRegionsBad(t *testing.T) {
	whole := string(regionsBody(3))
	tests := []struct {
		name, in string
		want     error // cause, nil for any
	}{
		{"cut in a region", whole[:len(whole)/2], errTruncated},
		{"cut before the end", whole[:len(whole)-1], errTruncated},
		{"empty", "", errTruncated},
		{"more behind it", whole + "x", nil},
		{"a second document", whole + whole, nil},
		{"count too high", strings.Replace(whole, `"count":3`, `"count":4`, 1), nil},
		{"no count", strings.Replace(whole, `"count":3,`, ``, 1), nil},
		{"no list", `{"count":0}`, nil},
		{"html", "<html></html>", nil},
		{"error string", `"no leader"`, nil},
		{"null", "null", nil},
		{"region without id", `{"count":1,"regions":[{"start_key":""}]}`, nil},
		{"odd key", `{"count":1,"regions":[{"id":1,"start_key":"7"}]}`, nil},
		{"key is no hex", `{"count":1,"regions":[{"id":1,"start_key":"7G"}]}`, nil},
		{"negative id", `{"count":1,"regions":[{"id":-1}]}`, nil},
		{"id too large", `{"count":1,"regions":[{"id":18446744073709551616}]}`, nil},
		{"peers is an object", `{"count":1,"regions":[{"id":1,"peers":{}}]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readRegions([]byte(tt.in))
			if _, ok := errors.AsType[*DecodeError](err); !ok {
				t.Fatalf("got %T %v, want a *DecodeError", err, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDecodeRegionsAgreesWithStandardLibrary(t *testing.T) {
	body := regionsBody(200)
	got, err := readRegions(body)
	if err != nil {
		t.Fatal(err)
	}
	if want := standardRegions(t, body); !reflect.DeepEqual(got, want) {
		t.Errorf("decoded regions differ from encoding/json; first %+v, want %+v", got[0], want[0])
	}
}

// standardRegions decodes with encoding/json.
func standardRegions(t *testing.T, body []byte) []cluster.Region {
	t.Helper()
	list, err := tryStandardRegions(body)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func tryStandardRegions(body []byte) ([]cluster.Region, error) {
	var wire struct {
		Regions []struct {
			ID       cluster.RegionID    `json:"id"`
			StartKey hexKey              `json:"start_key"`
			EndKey   hexKey              `json:"end_key"`
			Epoch    cluster.RegionEpoch `json:"epoch"`
			Peers    []wirePeer          `json:"peers"`
			Leader   wirePeer            `json:"leader"`
			Down     []struct {
				Peer    wirePeer `json:"peer"`
				Seconds uint64   `json:"down_seconds"`
			} `json:"down_peers"`
			Pending []wirePeer `json:"pending_peers"`
			Size    int64      `json:"approximate_size"`
			Keys    int64      `json:"approximate_keys"`
		} `json:"regions"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	var out []cluster.Region
	for _, w := range wire.Regions {
		r := cluster.Region{
			ID: w.ID, Epoch: w.Epoch, Peers: peers(w.Peers), Leader: cluster.Peer(w.Leader),
			Pending: peers(w.Pending), ApproximateSizeMiB: w.Size, ApproximateKeys: w.Keys,
		}
		if len(w.StartKey) > 0 {
			r.StartKey = w.StartKey
		}
		if len(w.EndKey) > 0 {
			r.EndKey = w.EndKey
		}
		for _, d := range w.Down {
			r.Down = append(r.Down, cluster.DownPeer{Peer: cluster.Peer(d.Peer), DownSeconds: d.Seconds})
		}
		out = append(out, r)
	}
	return out, nil
}

// What the decoder accepts, encoding/json accepts too.
func FuzzDecodeRegions(f *testing.F) {
	f.Add(regionsBody(1))
	f.Add(regionsBody(2))
	f.Add([]byte(`{"count":0,"regions":[]}`))
	f.Add([]byte(`{"regions":null,"count":0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readRegions(body)
		if err != nil {
			return
		}
		if !json.Valid(bytes.ToValidUTF8(body, []byte("?"))) {
			t.Fatalf("accepted %q", body)
		}
		for i := range got {
			if got[i].ID == 0 {
				t.Fatalf("%q: a region without id", body)
			}
		}
	})
}

func FuzzDecodeStore(f *testing.F) {
	f.Add([]byte(`{"store":{"id":4,"state_name":"Up","last_heartbeat":1795347484883079783},"status":{"capacity":"2TiB"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var w wireStore
		if json.Unmarshal(body, &w) != nil {
			return
		}
		s := w.store(true)
		if s.Capacity.AtLeast() > s.Capacity.AtMost() {
			t.Fatalf("capacity %+v", s.Capacity)
		}
	})
}
