package cmd

import (
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/ui"
)

func TestJoinArgs(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"region --arg s 4 --jq .", "region --arg s=4 --jq ."},
		{"region --arg s=4 --jq .", "region --arg s=4 --jq ."},
		{"region --arg s --arg t 5", "region --arg s=--arg t 5"}, // as jq does
		{"region --arg a -1 --arg b x=y 7", "region --arg a=-1 --arg b=x=y 7"},
		{"region --arg s", "region --arg s"},
		{"region -- --arg s 4", "region -- --arg s 4"},
		{"region --args s 4", "region --args s 4"},
	} {
		if got := strings.Join(joinArgs(strings.Fields(tt.in)), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func batchesOf(end error, batches ...[]string) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for _, b := range batches {
			var raw [][]byte
			for _, s := range b {
				raw = append(raw, []byte(s))
			}
			if !yield(raw, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func TestWriteList(t *testing.T) {
	one := batchesOf(nil, []string{`{"id":1,"peers":[]}`, "{\n  \"id\": 2\n}"}, nil, []string{`{"id":3}`})
	const narrow = `{"regions":[
{"id":1,"peers":[]},
{"id":2},
{"id":3}
],"count":3}
`
	const wide = `{
  "regions": [
    {
      "id": 1,
      "peers": []
    },
    {
      "id": 2
    },
    {
      "id": 3
    }
  ],
  "count": 3
}
`
	for want, isWide := range map[string]bool{narrow: false, wide: true} {
		var b strings.Builder
		out := newLineWriter(&b)
		if err := errors.Join(writeList(t.Context(), out, "regions", one, isWide), out.close()); err != nil {
			t.Fatal(err)
		}
		if b.String() != want || !json.Valid([]byte(want)) {
			t.Errorf("got\n%swant\n%s", b.String(), want)
		}
	}
}

// A list that breaks off is no document, wherever that happens.
func TestWriteListThatBreaks(t *testing.T) {
	broken := errors.New("broken")
	for _, batches := range [][][]string{nil, {{`{"id":1}`}}, {{`{"id":1}`, `{"id":2}`}, {`{"id":3}`}}} {
		for _, isWide := range []bool{false, true} {
			var b strings.Builder
			out := newLineWriter(&b)
			err := writeList(t.Context(), out, "regions", batchesOf(broken, batches...), isWide)
			if closeErr := out.close(); closeErr != nil || !errors.Is(err, broken) {
				t.Errorf("%v, %v", err, closeErr)
			}
			if json.Valid([]byte(b.String())) {
				t.Errorf("%s is valid", b.String())
			}
		}
	}
}

// chunks keeps each Write apart.
type chunks struct {
	writes []string
	fail   error
}

func (c *chunks) Write(p []byte) (int, error) {
	c.writes = append(c.writes, string(p))
	return len(p), c.fail
}

func TestLineWriterWritesWholeLines(t *testing.T) {
	w := &chunks{}
	out := newLineWriter(w)
	long := []byte(strings.Repeat("x", 1000))
	for range 300 {
		if err := out.line(long); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.close(); err != nil {
		t.Fatal(err)
	}
	if len(w.writes) < 2 || len(strings.Join(w.writes, "")) != 300*1001 {
		t.Errorf("%d writes", len(w.writes))
	}
	if i := slices.IndexFunc(w.writes, func(s string) bool { return !strings.HasSuffix(s, "\n") || len(s)%1001 != 0 }); i >= 0 {
		t.Errorf("write %d is not of whole lines", i)
	}
	w = &chunks{fail: errors.New("disk full")}
	out = newLineWriter(w)
	for range 200 {
		_ = out.line(long) // some of them return the error
	}
	if err := out.close(); !errors.Is(err, w.fail) || len(w.writes) != 1 {
		t.Errorf("got %v after %d writes", err, len(w.writes))
	}
}

// signals tells of each Write.
type signals chan string

func (s signals) Write(p []byte) (int, error) {
	s <- string(p)
	return len(p), nil
}

// One line is not held back until there are more, or the end.
func TestLineWriterDoesNotWait(t *testing.T) {
	w := make(signals, 1)
	out := newLineWriter(w)
	for _, line := range []string{"first", "second"} {
		if err := out.line([]byte(line)); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-w:
			if got != line+"\n" {
				t.Errorf("got %q", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("not written")
		}
	}
}

// A document above the limit is refused with advice, unless it is wanted.
func TestWholeDocumentIsGuarded(t *testing.T) {
	element := `{"id":1,"x":"` + strings.Repeat("x", 1<<20) + `"}`
	large := make([]string, wholeLimit>>20+1)
	for i := range large {
		large[i] = element
	}
	for _, wanted := range []bool{false, true} {
		streams := ui.Test("")
		q := queryOptions{whole: wanted}
		q.filter, q.format = ".count", outputText
		if err := q.compile("regions"); err != nil {
			t.Fatal(err)
		}
		err := q.printList(t.Context(), systemEnv(streams.Streams), "regions", batchesOf(nil, large))
		if !strings.Contains(streams.ErrBuf.String(), "note: the jq program needs the whole document") {
			t.Errorf("stderr: %s", streams.ErrBuf.String())
		}
		if wanted {
			if err != nil || streams.OutBuf.String() != "65\n" {
				t.Errorf("wanted: %s, %v", streams.OutBuf.String(), err)
			}
			continue
		}
		if !errors.Is(err, errTooLarge) || exitCodeOf(err) != ExitUsage || len(hintsOf(err)) != 1 || streams.OutBuf.String() != "" {
			t.Errorf("got %v, exit code %d, hints %v", err, exitCodeOf(err), hintsOf(err))
		}
	}
}
