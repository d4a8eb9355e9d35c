package jq

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
)

// plainJSON is what encoding/json makes of data, with the decoder's numbers.
func plainJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, errors.New("more behind it")
	}
	return value, nil
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := gojq.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if mine := string(appendJSON(nil, value)); mine != string(text) {
		t.Fatalf("written as %s, gojq writes %s", mine, text)
	}
	return string(text)
}

var documents = []string{
	`null`, `true`, ` false `, `0`, `-0`, `-1`, `4095`, `4096`, `123456789012345678`, `1234567890123456789`, `18446744073709551615`, `-9223372036854775809`,
	`1.0`, `1e5`, `-1.5E-3`, `01`, `-`, `1.`, `1e`, `.5`, `+1`, `""`, `"a\"b\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", `"é北"`, "\"\x01\"", "\"\x7f\"", `"\x"`, `"\u12g4"`, `"\u12`, `"`, `"\`,
	`[]`, `[ ]`, `[1,]`, `[,1]`, `[1 2]`, `[1`, `[`, `{}`, `{ }`, `{"a":1,"a":2}`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{"\u0061":1,"b":{"c":[{"d":null}]}}`, `{"a":[1,{"b":2}],"c":"d"}`, `nul`, `nulll`, `{"a":1}x`, ``, ` `,
	`{"id":7,"peers":[{"id":8,"store_id":1},{"id":9,"store_id":2,"role_name":"Voter"}],"leader":{"store_id":1}}`,
	strings.Repeat("[", 10001) + strings.Repeat("]", 10001),
}

// FuzzDecode compares with encoding/json: what is JSON, what it holds, and that
// leaving parts out or reusing maps changes nothing of what is left.
func FuzzDecode(f *testing.F) {
	for _, data := range documents {
		f.Add([]byte(data))
	}
	reused := &decoder{reuse: true}
	id, stores := &mask{}, &mask{}
	id.at("id")
	id.at("a").each().at("b")
	stores.at("peers").each().at("store_id")
	stores.at("b").at("c").each().at("d")
	f.Fuzz(func(t *testing.T, data []byte) {
		want, wantErr := plainJSON(data)
		for _, d := range []*decoder{{}, reused} {
			got, err := d.decode(data, everything)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%q: error %v, encoding/json says %v", data, err, wantErr)
			}
			if err == nil && marshal(t, got) != marshal(t, want) {
				t.Fatalf("%q is %s, want %s", data, marshal(t, got), marshal(t, want))
			}
			for _, m := range []*mask{{}, id, stores} {
				part, err := d.decode(data, m)
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("%q in part: error %v, encoding/json says %v", data, err, wantErr)
				}
				if err == nil && marshal(t, cut(part, m)) != marshal(t, cut(want, m)) {
					t.Fatalf("%q in part is %s, want of %s", data, marshal(t, part), marshal(t, want))
				}
			}
		}
	})
}

// cut leaves what the mask is sure to show.
func cut(value any, m *mask) any {
	switch v := value.(type) {
	case map[string]any:
		if m = m.forObject(); m.all {
			return v
		}
		out := map[string]any{}
		for key, field := range v {
			if _, child := m.field([]byte(key)); child != nil {
				out[key] = cut(field, child)
			}
		}
		return out
	case []any:
		child := m.forArray()
		if child == nil {
			return "an array"
		}
		out := []any{}
		for _, item := range v {
			out = append(out, cut(item, child))
		}
		return out
	}
	return value
}

func TestInvalidJSON(t *testing.T) {
	p, err := Compile(".regions[].id", Options{Array: "regions"})
	if err != nil {
		t.Fatal(err)
	}
	elements := [][]byte{[]byte(`{"id":1}`), []byte(`{"id":2}`), []byte(`{"id":3,"other":[tru]}`), []byte(`{"id":4}`)}
	for name, run := range map[string]func() ([]string, error){
		"parallel": func() ([]string, error) { return collect(t, p, sequence([][][]byte{elements[:1], elements[1:]})) },
		"serial": func() ([]string, error) {
			serial := *p
			serial.parallel = false
			return collect(t, &serial, sequence([][][]byte{elements[:1], elements[1:]}))
		},
	} {
		got, err := run()
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Element != 2 || invalid.Offset != 17 {
			t.Errorf("%s: error %v, want one at element 2, byte 17", name, err)
		}
		if !reflect.DeepEqual(got, []string{"1", "2"}) {
			t.Errorf("%s: got %v before the error", name, got)
		}
	}
	// What cannot be read is no error of the program, which must not catch it.
	for _, source := range []string{`try .regions[].id catch "caught"`, `[.regions[]?.id] | length`, `(.regions[] | .id) // 1, 2`, `label $l | (.regions[] | .id), 2`, `.regions[] as [$a] ?// $a | $a.id`} {
		p, err := Compile(source, Options{Array: "regions"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := collect(t, p, sequence([][][]byte{elements}))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || len(got) > 2 {
			t.Errorf("%s: got %v, %v", source, got, err)
		}
	}
}
