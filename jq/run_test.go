package jq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func elementsProgram(t *testing.T, source string) *Program {
	t.Helper()
	p, err := Compile(source, withName)
	if err != nil {
		t.Fatal(err)
	}
	if ok, why := p.Streams(); !ok {
		t.Fatalf("%s needs the whole document: %s", source, why)
	}
	return p
}

func collect(t *testing.T, p *Program, batches iter.Seq2[[][]byte, error]) (lines []string, err error) {
	t.Helper()
	err = p.RunElements(t.Context(), batches, func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	})
	return lines, err
}

// FuzzSplit compares any program that parses.
func FuzzSplit(f *testing.F) {
	for _, marked := range programs {
		f.Add(strings.TrimLeft(marked, "+*-"))
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, word := range []string{"now", "mktime", "time", "repeat", "while", "until", "range", "recurse", "walk", "limit", "def", "combinations", "infinite", "*", "splits", "sub", "builtins", "1e", "[9", "99", "000"} {
			if strings.Contains(source, word) && !slices.ContainsFunc(programs, func(p string) bool { return strings.HasSuffix(p, source) }) {
				return // may run for ever, or take all memory
			}
		}
		p, err := Compile(source, withName)
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{0, 0, 1, 4, 30} {
			whole, elements := regionDocument(r, n)
			compare(t, p, source, r, whole, elements)
		}
	})
}

// Each of many workers ends when it likes; results stay in order.
func TestOrder(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	p := elementsProgram(t, `.regions[] | . as $r | [limit($r.id % 7 * 30; repeat(1))] | $r.id`)
	var batch [][]byte
	var want []string
	for i := range 5000 {
		batch = append(batch, fmt.Appendf(nil, `{"id":%d}`, i))
		want = append(want, fmt.Sprint(i))
	}
	got, err := collect(t, p, sequence([][][]byte{batch[:10], batch[10:3000], batch[3000:]}))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d results of %d, or out of order: %v", len(got), len(want), err)
	}
}

// endless gives elements until nobody wants more.
func endless(yield func([][]byte, error) bool) {
	for yield([][]byte{[]byte(`{"id":7,"peers":[{"id":8,"store_id":5}]}`)}, nil) {
	}
}

// Whatever a program is at, the end of the context or an error of emit ends it,
// and nothing is left running.
func TestElementsStop(t *testing.T) {
	for _, source := range []string{
		".regions[] | def f: f; f", ".regions[] | repeat(1)", ".regions[] | [repeat(1)]", "[.regions[]]", "reduce .regions[] as $r (0; . + 1)", ".regions[]",
		"first(.regions[] | select(false))", "def f: f; f", "repeat(1)", "try .regions[] catch (def f: f; f)", ".regions[] | repeat(1), .id",
	} {
		t.Run(source, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			p, err := Compile(source, Options{Array: "regions"})
			if err != nil {
				t.Fatal(err)
			}
			if p.elements == nil {
				t.Skip("needs the whole document")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pages := 0
			err = p.RunElements(ctx, func(yield func([][]byte, error) bool) {
				for batch := range endless {
					if pages++; pages == 2 {
						cancel()
					}
					if !yield(batch, nil) {
						return
					}
				}
			}, func([]byte) error { cancel(); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
		})
	}
	t.Run("emit", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		broken := errors.New("broken pipe")
		for _, source := range []string{".regions[] | repeat(1)", ".regions[].id", `"a", .regions[].id`} {
			if err := elementsProgram(t, source).RunElements(t.Context(), endless, func([]byte) error { return broken }); !errors.Is(err, broken) {
				t.Errorf("%s: ended with %v", source, err)
			}
		}
	})
}

func TestElementsEndEarly(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for source, want := range map[string][]string{
		"first(.regions[].id)": {"7"}, "limit(2; .regions[].id)": {"7", "7"}, ".regions[] | .id, halt": {"7"}, "any(.regions[]; .id == 7)": {"true"}, "limit(0; .regions[])": nil,
	} {
		got, err := collect(t, elementsProgram(t, source), endless)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v", source, got, err)
		}
	}
}

func TestSequenceError(t *testing.T) {
	gone := errors.New("connection reset")
	for _, source := range []string{".regions[].id", "[.regions[].id]", `try .regions[].id catch "caught"`, "first(.regions[] | select(.id == 9))", `.regions[]?.id // "none"`} {
		lines, err := collect(t, elementsProgram(t, source), func(yield func([][]byte, error) bool) {
			if yield([][]byte{[]byte(`{"id":1}`)}, nil) {
				yield(nil, gone)
			}
		})
		if !errors.Is(err, gone) || len(lines) > 1 || len(lines) == 1 && lines[0] != "1" {
			t.Errorf("%s: got %q, %v", source, lines, err)
		}
	}
}

// An error says at which element, also far behind the first.
func TestElementOfError(t *testing.T) {
	p := elementsProgram(t, `.regions[] | if .id == 700 then error({id}) else empty end`)
	var batch [][]byte
	for i := range 1000 {
		batch = append(batch, fmt.Appendf(nil, `{"id":%d}`, i))
	}
	_, err := collect(t, p, sequence([][][]byte{batch}))
	var run *RunError
	if !errors.As(err, &run) || run.Element != 700 || !reflect.DeepEqual(run.Value, map[string]any{"id": 700}) {
		t.Errorf("got %#v", err)
	}
}

// The first results do not wait for more than the first elements.
func TestFirstResultsAtOnce(t *testing.T) {
	seen := make(chan struct{})
	p := elementsProgram(t, ".regions[].id")
	err := p.RunElements(t.Context(), func(yield func([][]byte, error) bool) {
		if yield([][]byte{[]byte(`{"id":1}`)}, nil) {
			<-seen
		}
	}, func([]byte) error { close(seen); return nil })
	if err != nil {
		t.Error(err)
	}
}

// Memory does not grow with the number of regions.
func TestMemoryIsBounded(t *testing.T) {
	for _, source := range []string{sopFilter, "reduce .regions[] as $r (0; . + $r.approximate_size)", ".regions[]"} {
		p := elementsProgram(t, source)
		var highest uint64
		batches := func(yield func([][]byte, error) bool) {
			for i := 0; i < 200_000; i += 1000 {
				page := make([][]byte, 1000)
				for k := range page {
					page[k] = pdRegion(i + k)
				}
				if i%20_000 == 0 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					highest = max(highest, m.HeapAlloc)
				}
				if !yield(page, nil) {
					return
				}
			}
		}
		if err := p.RunElements(t.Context(), batches, func([]byte) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if highest > 40<<20 {
			t.Errorf("%s: %d MiB in use", source, highest>>20)
		}
	}
}

func TestArguments(t *testing.T) {
	p, err := Compile(`$a, $ARGS.named.ENV, ($ENV | length), $ARGS`, Options{Args: map[string]string{"a": "x", "ENV": "y"}, Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line, err := range p.Run(t.Context(), []byte("null")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	if want := []string{"x", "y", "0", `{"named":{"ENV":"y","a":"x"},"positional":[]}`}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, name := range []string{"", "1x", "a-b", "$x", "é", "a b"} {
		var argument *ArgumentError
		if _, err := Compile(".", Options{Args: map[string]string{name: ""}}); !errors.As(err, &argument) {
			t.Errorf("%q: error %v", name, err)
		}
	}
}

// Where it is installed, the jq that people know gives the same.
func TestLikeJQ(t *testing.T) {
	path, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("no jq here")
	}
	r := rand.New(rand.NewPCG(5, 6))
	whole, elements := regionDocument(r, 12)
	// jq 1.6 loses digits of large ids, and writes fractions its own way.
	small := strings.NewReplacer("18446744073709551615", "77", "90071992547409", "", "1.5", "2")
	whole = []byte(small.Replace(string(whole)))
	for i := range elements {
		elements[i] = []byte(small.Replace(string(elements[i])))
	}
	for _, source := range []string{
		sopFilter, `.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) | select(length>1) } | .id`, ".regions[].id", ".regions[] | .leader", ".regions[] | .peers | length", "[.regions[] | .id] | sort",
		"reduce .regions[] as $r (0; . + $r.id)", "first(.regions[].id)", "[limit(3; .regions[].id)]", ".regions[] | select(.leader.store_id == null) | .id", ".regions[] | .down_peers[]?.peer.id", `.regions[] | "\(.id)-\(.start_key)"`,
		".regions | map(.id)", ".regions[] | [.peers[]?.store_id] | @csv", "any(.regions[]; .id == 7)", "[foreach .regions[] as $r (0; . + 1)]", ".regions[] | .id, halt", ".regions[] as {$id} | $id", `.regions[] | .start_key | ltrimstr("74")`,
		"[.regions[] | {id, s: .leader.store_id}] | group_by(.s) | map(length)", "isempty(.regions[])", ".regions[]? | .id", ".regions[] | .id as $x | [$x, $name]",
	} {
		c := exec.CommandContext(t.Context(), path, "-c", "--arg", "name", "id", source)
		c.Stdin = strings.NewReader(string(whole))
		want, wantErr := c.Output()
		got, err := collect(t, elementsProgram(t, source), batched(r, elements))
		if text := strings.Join(append(got, ""), "\n"); text != string(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s over %s\ngot  %s%v\nwant %s%v", source, whole, text, err, want, wantErr)
		}
	}
}
