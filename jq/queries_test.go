package jq

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Regions as PD of several versions writes them.
var versions = []string{
	// 4.0: no role, no leader while there is none
	`{"id":40,"start_key":"","end_key":"74","epoch":{"conf_ver":1,"version":1},"peers":[{"id":41,"store_id":1},{"id":42,"store_id":4},{"id":43,"store_id":5},{"id":44,"store_id":9,"is_learner":true}],"written_bytes":0,"read_bytes":20971520,"approximate_size":1,"approximate_keys":0}`,
	// 5.0.0: role only
	`{"id":50,"peers":[{"id":51,"store_id":1},{"id":52,"store_id":4,"role":2},{"id":53,"store_id":5,"role":3},{"id":54,"store_id":9,"role":1}],"leader":{"id":51,"store_id":1},"approximate_size":96,"approximate_keys":100}`,
	// 5.4: a leader without a store; two of three lost
	`{"id":60,"peers":[{"id":61,"store_id":1,"role_name":"Voter"},{"id":62,"store_id":4,"role_name":"Voter"},{"id":63,"store_id":7,"role_name":"Voter"}],"leader":{"role_name":"Voter"},"down_peers":[{"down_seconds":300,"peer":{"id":62,"store_id":4,"role_name":"Voter"}}],"pending_peers":[{"id":63,"store_id":7,"role_name":"Voter"}],"approximate_size":200,"approximate_keys":9}`,
	// 7.5: a witness, one of three down; an id beyond 2^53
	`{"id":9007199254740993,"start_key":"75","end_key":"","peers":[{"id":71,"store_id":1,"role_name":"Voter"},{"id":72,"store_id":4,"role_name":"Voter","is_witness":true},{"id":73,"store_id":5,"role_name":"Voter"},{"id":74,"store_id":9,"role":1,"role_name":"Learner","is_learner":true}],"leader":{"id":71,"store_id":1,"role_name":"Voter"},"down_peers":[{"down_seconds":60,"peer":{"id":73,"store_id":5}}],"cpu_usage":3,"written_bytes":10485760,"approximate_size":144,"approximate_keys":8}`,
	// joint, and the old voters have no majority: 1 lives, 4 and 5 are gone
	`{"id":80,"peers":[{"id":81,"store_id":1},{"id":82,"store_id":4,"role":3,"role_name":"DemotingVoter"},{"id":83,"store_id":5,"role":3,"role_name":"DemotingVoter"},{"id":84,"store_id":6,"role":2,"role_name":"IncomingVoter"}],"leader":{"store_id":1,"role_name":"Voter"},"down_peers":[{"peer":{"id":82,"store_id":4}},{"peer":{"id":83,"store_id":5}}],"approximate_size":2}`,
	// 6.3 and later: leaderless with an empty role name
	`{"id":90,"peers":[{"id":91,"store_id":1,"role_name":"Voter"}],"leader":{"role_name":""}}`,
}

func TestQueries(t *testing.T) {
	known := map[string]string{"known": "1,4,5,6,9"}
	for name, tt := range map[string]struct {
		args map[string]string
		want string
	}{
		"orphan-peers": {known, `{"peer":63,"region":60,"store":7}`},
		"leaderless":   {nil, "40\n60\n90"},
		"no-majority":  {nil, `{"id":60,"lost":[4,7],"voters":[1,4,7]}` + "\n" + `{"id":80,"lost":[4,5],"voters":[1,4,5,6]}`},
		"down": {nil, `{"down_seconds":300,"peer":62,"region":60,"store":4}
{"down_seconds":60,"peer":73,"region":9007199254740993,"store":5}
{"down_seconds":null,"peer":82,"region":80,"store":4}
{"down_seconds":null,"peer":83,"region":80,"store":5}`},
		"pending":  {nil, `{"peer":63,"region":60,"store":7}`},
		"learners": {nil, `{"peer":44,"region":40,"store":9}` + "\n" + `{"peer":54,"region":50,"store":9}` + "\n" + `{"peer":74,"region":9007199254740993,"store":9}`},
		"joint":    {nil, `{"demoting":[5],"id":50,"incoming":[4]}` + "\n" + `{"demoting":[4,5],"id":80,"incoming":[6]}`},
		"witness":  {nil, `{"peer":72,"region":9007199254740993,"store":4}`},
		"by-store": {nil, `{"leaders":3,"peers":6,"store":1}
{"leaders":0,"peers":5,"store":4}
{"leaders":0,"peers":4,"store":5}
{"leaders":0,"peers":1,"store":6}
{"leaders":0,"peers":1,"store":7}
{"leaders":0,"peers":3,"store":9}`},
		"big":   {nil, `{"id":60,"keys":9,"mib":200}` + "\n" + `{"id":9007199254740993,"keys":8,"mib":144}`},
		"empty": {nil, "40\n90"},
		"hot":   {nil, `{"id":40,"leader_store":null,"read_bytes":20971520,"written_bytes":0}` + "\n" + `{"id":9007199254740993,"leader_store":1,"read_bytes":0,"written_bytes":10485760}`},
		"keys":  {nil, `{"end_key":"74","id":40,"start_key":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := Named(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := q.Compile(tt.args, false)
			if err != nil {
				t.Fatal(err)
			}
			if ok, why := p.Streams(); !ok {
				t.Fatalf("needs the whole document: %s", why)
			}
			if p.parallel != (name != "by-store") {
				t.Errorf("parallel: %v", p.parallel)
			}
			elements := make([][]byte, len(versions))
			for i, v := range versions {
				elements[i] = []byte(v)
			}
			if name == "keys" {
				elements = elements[:1]
			}
			got, err := collect(t, p, batched(rand.New(rand.NewPCG(1, 1)), elements))
			if text := strings.Join(got, "\n"); err != nil || text != tt.want {
				t.Errorf("got\n%s, %v\nwant\n%s", text, err, tt.want)
			}
			// No regions: what PD says then is null, which jq cannot go through.
			if got, err := collect(t, p, batched(nil, [][]byte{})); err != nil || len(got) > 0 {
				t.Errorf("over nothing: %q, %v", got, err)
			}
		})
	}
}

func TestQueriesAreDocumented(t *testing.T) {
	var names []string
	for _, q := range Queries() {
		names = append(names, q.Name)
		if !regexp.MustCompile(`^[A-Z].{10,70}\.$`).MatchString(q.Summary) {
			t.Errorf("%s: summary %q", q.Name, q.Summary)
		}
		if strings.Contains(q.Doc, "arg ") && strings.Contains(q.Doc, ": ") && strings.HasPrefix(q.Doc, "arg") {
			t.Errorf("%s: argument not read: %s", q.Name, q.Doc)
		}
		for _, p := range q.Params {
			if p.Doc == "" || !strings.Contains(q.Source, "$"+p.Name) {
				t.Errorf("%s: argument %+v", q.Name, p)
			}
		}
	}
	if !slices.IsSorted(names) || len(names) != 13 {
		t.Errorf("queries %q", names)
	}
	big, err := Named("big")
	if err != nil || len(big.Params) != 1 || big.Params[0].Default != "144" || big.Params[0].Required {
		t.Errorf("got %+v, %v", big, err)
	}
}

func TestQueryErrors(t *testing.T) {
	_, err := Named("leaderles")
	var unknown *UnknownQueryError
	if !errors.As(err, &unknown) || !slices.Equal(unknown.Nearest, []string{"leaderless"}) {
		t.Errorf("got %v", err)
	}
	if _, err := Named("peers"); !errors.As(err, &unknown) || !slices.Contains(unknown.Nearest, "orphan-peers") {
		t.Errorf("got %#v", err)
	}
	if _, err := Named("xyzzy"); !errors.As(err, &unknown) || len(unknown.Nearest) > 0 {
		t.Errorf("got %#v", err)
	}
	orphans, err := Named("orphan-peers")
	if err != nil {
		t.Fatal(err)
	}
	var param *ParamError
	if _, err := orphans.Compile(nil, false); !errors.As(err, &param) || !param.Missing || param.Name != "known" {
		t.Errorf("got %v", err)
	}
	if _, err := orphans.Compile(map[string]string{"known": "1", "x": "2"}, false); !errors.As(err, &param) || param.Missing || param.Name != "x" {
		t.Errorf("got %v", err)
	}
}

// An unknown name is shown where it stands, if that is sure.
func TestUnknownNames(t *testing.T) {
	for source, picture := range map[string]string{
		".regions[]\n| nosuch(.id)":                          "line 2: function not defined: nosuch/1\n  | nosuch(.id)\n    ^",
		`"nosuch" | .nosuch | {nosuch: 1} | nosuch # nosuch`: "function not defined: nosuch/0\n  \"nosuch\" | .nosuch | {nosuch: 1} | nosuch # nosuch\n                                     ^",
		"1 as $a | $b":       "variable not defined: $b\n  1 as $a | $b\n            ^",
		"nosuch | nosuch":    "function not defined: nosuch/0",
		"map(1; 2) | nosuch": "function not defined: map/2",
	} {
		_, err := Compile(source, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != "compile jq program: "+picture {
			t.Errorf("%q:\n%v\nwant\n%s", source, err, picture)
		}
	}
}
