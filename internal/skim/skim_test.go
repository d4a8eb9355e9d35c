package skim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// skimmed reports whether the text is one JSON value, with white space around it.
func skimmed(text []byte) bool {
	text = append(bytes.Clone(text), ' ') // a number ends only before something
	i, err := Value(text, Space(text, 0), 0)
	return err == nil && Space(text, i) == len(text)
}

func TestValue(t *testing.T) {
	for _, good := range []string{
		`{}`, `[]`, `{"a":[1,-0,0.5,1e9,-1.25E-3]}`, ` { "a" : [ true , false , null ] } `, `"é€𝄞"`, `"\u00e9\"\\\/\b\f\n\r\t"`,
		`"\\"`, `"1234567\"89"`, `"12345678"`, `"1234567"`, `{"{":"}","[":"]]"}`, "\"\xff\"", `{"a":1,"a":2}`, `0`,
	} {
		if !skimmed([]byte(good)) {
			t.Errorf("refused %s", good)
		}
	}
	for _, bad := range []string{
		``, `{`, `[`, `{]`, `[}`, `[1,]`, `{"a":1,}`, `{,"a":1}`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `{1:2}`,
		`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `tru`, `truex`, `nul`, `"`, `"\"`, `"\x"`, `"\u12g4"`, `"\u12`, "\"\x00\"", "\"1234567\n\"", "\"1234567\x1f8\"",
		`{} {}`, `{}x`, `NaN`, `'a'`, strings.Repeat("[", 2000) + strings.Repeat("]", 2000),
	} {
		if skimmed([]byte(bad)) {
			t.Errorf("took %s", bad)
		}
	}
}

// What is valid JSON is judged as jsontext does, and as encoding/json does where
// the text is UTF-8.
func FuzzValue(f *testing.F) {
	f.Add([]byte(`{"count":1,"regions":[{"id":7,"start_key":"7480000000000000FF","peers":[{"id":8,"store_id":1,"role_name":"Voter"}],"written_bytes":0}]}`))
	for _, s := range []string{`{"a":[1,2.5e-3,"\u00e9\\"],"b":null}`, `[01]`, `"12345678\"`, "\"1234567\x1f\"", `{"a":{"b":[{}]}}`, `[1,]`, `-0.0E+1`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) >= MaxDepth {
			return
		}
		dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		_, err := dec.ReadValue()
		want := err == nil
		if want {
			_, err = dec.ReadToken()
			want = errors.Is(err, io.EOF)
		}
		if got := skimmed(text); got != want {
			t.Fatalf("%q: took it: %v, jsontext: %v", text, got, want)
		}
		if json.Valid(text) && !want {
			t.Fatalf("%q: encoding/json takes it", text)
		}
	})
}

func TestPlainString(t *testing.T) {
	for _, text := range []string{`""`, `"a"`, `"1234567"`, `"12345678"`, `"123456789 ~"`, "\"\x7f\"", `"` + strings.Repeat("x", 100) + `"`} {
		for _, behind := range []string{"", ":", `"more text that is quoted"`} {
			if end := PlainString([]byte("["+text+behind), 1); end != len(text)+1 {
				t.Errorf("%s%s ends at %d", text, behind, end)
			}
		}
	}
	for _, text := range []string{`"`, `"1234567`, `"12345678`, `"\n"`, `"1234567\"8"`, `"é"`, `"1234567é"`, "\"\x1f\"", "\"1234567\n\"", "\"\xa0\"", "\"1234567\xff\""} {
		for _, behind := range []string{"", ":1234567890"} {
			if end := PlainString([]byte(text+behind), 0); end != 0 {
				t.Errorf("%q ends at %d", text+behind, end)
			}
		}
	}
}

// A plain string is a string, and ends where String says.
func FuzzPlainString(f *testing.F) {
	f.Add([]byte(`"start_key":"74"`))
	f.Add([]byte("\"1234567\x80\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = append([]byte{'"'}, text...)
		end := PlainString(text, 0)
		want, err := String(text, 0)
		plain := err == nil && !bytes.ContainsFunc(text[:want], func(r rune) bool { return r == '\\' || r >= 0x80 })
		if plain != (end > 0) || plain && end != want {
			t.Fatalf("%q ends at %d, String says %d, %v", text, end, want, err)
		}
	})
}
