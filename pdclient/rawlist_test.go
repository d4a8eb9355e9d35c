package pdclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ebb/cluster"
)

// A list is the same to the typed and to the raw reader, whole or in pieces.
func FuzzRawList(f *testing.F) {
	f.Add(regionsBody(1), byte(1))
	f.Add(regionsBody(3), byte(7))
	f.Add([]byte(`{"count":0,"regions":[]}`), byte(2))
	f.Add([]byte(` { "regions" : null , "count" : 0 } `), byte(3))
	f.Add([]byte(`{"count":1,"regions":[{"id":1,"start_key":"7G"}]}`), byte(3))
	f.Fuzz(func(t *testing.T, body []byte, piece byte) {
		var want []edge
		page, typed := typedPage(&answer{body: bytes.Clone(body)}, nil)
		streamed, err := typedStream(&pieces{body, int(piece)%13 + 1})
		if (err == nil) != (typed == nil) || err == nil && !reflect.DeepEqual(streamed, page) {
			t.Fatalf("%q: as a page %+v, %v; as a stream %+v, %v", body, page, typed, streamed, err)
		}
		for i := range page {
			want = append(want, page[i].edge)
		}
		for _, src := range []io.Reader{nil, &pieces{body, int(piece)%13 + 1}} {
			var got []scanned[[]byte]
			keys := keyReader{}
			r := &listReader[[]byte]{value: asPrinted, list: "regions", element: keys.printed, counted: -1, src: src}
			if src == nil {
				r.buf = body
			}
			r.emit = func(items []scanned[[]byte]) bool {
				got = append(got, items...)
				return true
			}
			err := r.read()
			if err == nil && !json.Valid(bytes.ToValidUTF8(body, []byte("?"))) {
				t.Fatalf("took %q", body)
			}
			if typed != nil {
				continue // the typed reader looks at more fields
			}
			if err != nil {
				t.Fatalf("%q: %v; the typed reader takes it", body, err)
			}
			if !slices.EqualFunc(got, want, func(g scanned[[]byte], w edge) bool {
				return g.id == w.id && g.version == w.version && bytes.Equal(g.start, w.start) && bytes.Equal(g.end, w.end)
			}) {
				t.Fatalf("%q: got %+v, want %+v", body, got, want)
			}
		}
	})
}

// typedStream decodes regions while they arrive.
func typedStream(src io.Reader) (all []scanned[cluster.Region], err error) {
	r := newRegionReader()
	r.src, r.counted = src, -1
	r.emit = func(items []scanned[cluster.Region]) bool {
		all = append(all, items...)
		return true
	}
	return all, r.read()
}

// A stream that is cut into pieces of any size is what the whole is.
func TestTypedStreamInPieces(t *testing.T) {
	body := regionsBody(60)
	want, err := typedPage(&answer{body: body}, nil)
	if err != nil || len(want) != 60 {
		t.Fatal(len(want), err)
	}
	for _, size := range []int{1, 2, 3, 7, 64, 1 << 20} {
		got, err := typedStream(&pieces{body, size})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("in pieces of %d: %d regions, %v", size, len(got), err)
		}
	}
}

// Pieces of 1 MiB and more do not meet the end of a buffer, as this one does.
func TestTypedStreamAcrossBuffers(t *testing.T) {
	const n = 5000
	got, err := typedStream(bytes.NewReader(regionsBody(n)))
	if err != nil || len(got) != n {
		t.Fatal(len(got), err)
	}
	want, err := typedPage(&answer{body: regionsBody(n)}, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a stream gives other regions than a page: %v", err)
	}
}

// pieces gives out a few bytes at a time.
type pieces struct {
	left []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[:min(p.size, len(p.left))])
	p.left = p.left[n:]
	return n, nil
}

// What was passed on stays as it was while more is read.
func TestRawStreamKeepsWhatItGave(t *testing.T) {
	body := regionsBody(3000)
	r := &listReader[[]byte]{value: asPrinted, list: "regions", element: printedRegion, counted: -1, src: bytes.NewReader(body)}
	var all [][]byte
	batches := 0
	r.emit = func(items []scanned[[]byte]) bool {
		batches++
		all = append(all, valuesOf(items)...)
		return true
	}
	if err := r.read(); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Join(all, []byte(",")); !bytes.Contains(body, got) || len(all) != 3000 || batches < 3 {
		t.Errorf("%d regions in %d batches differ from what came", len(all), batches)
	}
}

func TestRawPageBad(t *testing.T) {
	whole := string(regionsBody(3))
	for name, body := range map[string]string{
		"cut in a region": whole[:len(whole)/2], "cut before the end": whole[:len(whole)-1], "empty": "", "more behind it": whole + "x",
		"a second document": whole + whole, "count too high": strings.Replace(whole, `"count":3`, `"count":4`, 1), "no count": strings.Replace(whole, `"count":3,`, ``, 1),
		"no list": `{"count":0}`, "html": "<html></html>", "null": "null", "no object": `{"count":1,"regions":[7]}`, "a null": `{"count":1,"regions":[null]}`,
		"without id": `{"count":1,"regions":[{"start_key":""}]}`, "odd key": `{"count":1,"regions":[{"id":1,"start_key":"7"}]}`,
		"key is no hex": `{"count":1,"regions":[{"id":1,"end_key":"7G"}]}`, "key is a number": `{"count":1,"regions":[{"id":1,"end_key":77}]}`,
		"negative id": `{"count":1,"regions":[{"id":-1}]}`, "epoch": `{"count":1,"regions":[{"id":1,"epoch":5}]}`,
		"comma": `{"count":1,"regions":[{"id":1},]}`, "list is a string": `{"count":0,"regions":"none"}`, "bad member deep inside": strings.Replace(whole, `"store_id":`, `"store_id";`, 1),
	} {
		_, err := rawPage(&answer{url: "u", body: []byte(body)}, nil)
		if _, ok := errors.AsType[*DecodeError](err); !ok {
			t.Errorf("%s: got %v, want a *DecodeError", name, err)
		}
	}
}
