package cmd

import (
	"encoding/json"
	"testing"
	"time"
)

type listed struct {
	envelope
	List    []int           `json:"list"`
	Omitted []int           `json:"omitted,omitempty"`
	Deep    []*listed       `json:"deep,omitempty"`
	Map     map[string]bool `json:"map"`
	Any     any             `json:"any"`
	Bytes   json.RawMessage `json:"bytes"`
	At      time.Time       `json:"at"`
	hidden  []int
	Skipped []int `json:"-"`
}

func TestListsAreNeverNull(t *testing.T) {
	inner := listed{Bytes: json.RawMessage("1")}
	document := &listed{
		List: []int{1}, Map: map[string]bool{"a": true}, Bytes: json.RawMessage("null"), hidden: []int{7},
		Deep: []*listed{&inner}, Any: listed{List: []int{2}},
	}
	data, err := json.Marshal(withLists(document))
	if err != nil {
		t.Fatal(err)
	}
	const zero = `"at":"0001-01-01T00:00:00Z"`
	const head = `{"schema_version":0,"type":"",`
	want := head + `"list":[1],"deep":[` + head + `"list":[],"map":{},"any":null,"bytes":1,` + zero + `}],"map":{"a":true},` +
		`"any":` + head + `"list":[2],"map":{},"any":null,"bytes":null,` + zero + `},"bytes":null,` + zero + `}`
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}
	if inner.List != nil || inner.Map != nil {
		t.Error("the document itself was changed")
	}
	if same := withLists(&inner.envelope); same != any(&inner.envelope) {
		t.Error("what has no list was copied")
	}
	if withLists(nil) != nil {
		t.Error("nothing became something")
	}
}
