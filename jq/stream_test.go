package jq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
)

// programs are compared between single elements and the whole document. Those
// marked with + must run element by element and in parallel, those with * one
// after the other; - needs the whole document. An unmarked one may do as it likes.
var programs = []string{
	// The two of the procedure, for store 5.
	`+.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) } | .id`,
	`+.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) | select(length>1) } | .id`,
	`+.regions[]`, `+.regions[].id`, `+.regions | .[] | .id`, `+.regions | .[].id`, `+(.regions)[]`, `+(.regions | .[]) | .peers`,
	`+.["regions"][].id`, `+."regions"[].id`, `+.["regions"] | .[] | .leader`, `+.regions[]?`, `+.regions[]?.id?`, `+.regions?[]`, `+.regions?[]?.peers[]?`,
	`+. | .regions | . | .[] | .id`, `+.regions[].id?`, `+.regions[].peers[]?.id`, `+.regions[] | .peers[1:].[].id`,
	`.regions[]??`, `.regions[].peers[]??`, `*(.regions[].peers[])?`, `*try .regions[].peers[].id`, `*try .regions[].peers[].id catch .`,
	`*try (.regions[] | error) catch .id`, `+.regions[] | try error catch .id`, `+.regions[] | (.peers[] | error)? // "none"`,
	`+.regions[] | select(.leader.store_id == null) | .id`, `+.regions[] | select(.leader | not) | .id`, `+.regions[] | if .down_peers then .id else empty end`,
	`+.regions[] | .leader`, `+.regions[] | .leader.store_id`, `+.regions[] | [.peers[] | select(.role == 1 or .is_learner)] | length`,
	`+.regions[] | .peers | length`, `+.regions[] | length`, `+.regions[] | keys`, `+.regions[] | to_entries[] | .key`, `+.regions[] | has("leader")`,
	`+.regions[] | ..`, `+.regions[] | tojson`, `+.regions[] | @json "r \(.id)"`, `+.regions[] | "\(.id) \(.peers | length)"`, `+"\(.regions[].id)!"`,
	`+.regions[] | . == .`, `+.regions[] as $r | $r.id`, `+.regions[] as $r | $r | .peers[].id`, `+.regions[] as {id: $i, peers: [$p]} | [$i, $p]`,
	`+.regions[] as {$id, $peers: [{store_id: $s}]} | [$id, $s, ($peers | length)]`, `+.regions[] as {("id", "leader"): $x} | $x`, `+.regions[] as {"i\("d")": $x} | $x`,
	`.regions[] as [$a] ?// {id: $a} | $a`, `.regions[] as {peers: [$a]} ?// $a | if $a.id then error("x") else [$a] end`,
	`+.regions[] as $r | $r.peers[] as $p | [$r.id, $p.store_id]`, `+def f: .regions[]; f | .id`, `+def f: .regions[]; def g: f; g | .id`,
	`+def f(g): .regions[] | g; f(.id)`, `+def f(g): g; f(.regions[]) | .id`, `+def f($x): .regions[] | select(.id == $x); f(7)`, `+def f($x): $x; f(.regions[].id)`,
	`def f($x): x; f(.regions[].id)`, `-def f: .regions[]; f, f`, `*def f(g): g, 1; f(.regions[].id)`, `-def f(g): g, g; f(.regions[].id)`, `+def f: .regions[]; def h(g): g; h(h(f)) | .id`,
	`+def regions: 1; .regions[].id`, `def map(f): .; .regions | map(.id) | .[]`, `*def any(g; f): "mine"; any(.regions[]; .id)`, `-def any(g; f): "mine"; .regions | any(.id == 7)`,
	`-def first(f): f, f; first(.regions[].id)`, `+def g: .id; def f: .regions[] | g; def g: 2; f`, `+def f: def g: .id; .regions[] | g; f`, `.regions[] | def f: .regions[]; f`,
	`+def f: .regions?; f | .[] | .id`, `-def f($n): if $n > 0 then f($n - 1) else .regions[] end; f(2) | .id`, `def f(x): if . == null then 0 else x end; .regions[] | f(.id)`,
	`*[.regions[].id]`, `*[.regions[]] | length`, `*[.regions[] | select(.peers)] | sort_by(.id) | .[].id`, `*[.regions[] | .id] | add`, `*reduce .regions[] as $r (0; . + 1)`,
	`*reduce .regions[] as $r ({}; .[$r.id | tostring] = $r.leader.store_id)`, `*reduce .regions[] as {id: $i} ([]; . + [$i])`, `*reduce .regions[].peers[]? as $p ({}; .["\($p.store_id)"] += 1)`,
	`*reduce (1, 2) as $x (0; . + $x) | .regions`, `-reduce .regions[] as $r (1, 2; . + 1)`, `-reduce (1, 2) as $x (.regions[]; .)`[1:], `*reduce (1, 2) as $x (.regions[].id; .)`, `-reduce .regions[] as $r (.; .count)`,
	`*foreach .regions[] as $r (0; . + 1)`, `*foreach .regions[] as $r (0; . + 1; [., $r.id])`, `*foreach .regions[] as {peers: $p} (null; $p; length)`, `*foreach (.regions[] | .peers) as [$p] (0; [$p.id, .]; .)`,
	`*first(.regions[])`, `*first(.regions[].id)`, `*last(.regions[].id)`, `*limit(3; .regions[].id)`, `*limit(0; .regions[])`, `*limit(-1; .regions[])`, `-limit((1, 2); .regions[].id)`, `*nth(1; .regions[].id)`, `*skip(1; .regions[].id)`,
	`*isempty(.regions[])`, `*any(.regions[]; .id == 7)`, `*all(.regions[]; .peers)`, `*add(.regions[].id)`, `*IN(.regions[].id; 7)`, `-IN(.regions[].id; 7, 8)`, `*INDEX(.regions[]; .id) | keys`, `*error(.regions[].id)`, `*range(.regions[].id % 3)`,
	`*label $out | .regions[] | .id, break $out`, `*label $out | foreach .regions[] as $r (0; . + 1; if . > 2 then ., break $out else . end)`, `+.regions[] | label $l | .peers[]? | .id, break $l`,
	`-.regions[].id, .count`, `-.count`, `-.`, `-.regions`, `-.regions | length`, `-.regions | sort_by(.id)`, `-.regions | .[0]`, `-.regions[0]`, `-.regions[0:3]`, `-.regions[-1]`, `-.regions | .[1:] | .[].id`, `-.[]`, `-..`, `-keys`, `-.regions as $r | $r[]`,
	`-. as $d | .regions[] | .id`, `-. as {regions: $r} | $r[]`, `-.regions[] |= .id`, `-.regions[].id = 1`, `-.regions[].id += 1`, `-del(.regions[].peers)`, `-path(.regions[])`, `-[paths]`, `-getpath(["regions"])[]`, `-to_entries`, `-tojson`, `-@json`, `-{regions}`, `-{count, id: .regions[].id}`,
	`-.regions[].id, .regions[].id`, `-[.regions[].id] == [.regions[].id]`, `-{a: .regions[].id, b: .regions[].id}`, `+{a: .regions[].id, b: 1}`, `-{a: .regions[].id, b: (1, 2)}`, `+{a: .regions[] | .id, "b\(1)": "c"}`, `+{(.regions[] | "\(.id)"): 1}`,
	`*"first", .regions[].id`, `*.regions[].id, "last"`, `*empty, .regions[].id, error("end")`, `*.regions[].id // "none"`, `*(.regions[] | .leader) // 1`, `*.regions[]?.id // "none"`, `+.regions[] | .leader // "none"`, `*1 // .regions[].id`,
	`+.regions[].id + 1`, `+1 + .regions[].id`, `-.regions[].id + (1, 2)`, `+.regions[].id == 7`, `+-.regions[].id`, `+.regions[].id > 3 and true`, `-(true, false) and .regions[].id`, `+.regions[].peers[0].id`, `+.regions[].peers[.id]?`[0:0] + `.regions[].peers[0:1]`,
	`*if .regions[].id then 1 else 2 end`, `*if true then .regions[].id else 0 end`, `-if .count then .regions[].id else 0 end`, `-if true then .regions[] end`, `*if [.regions[].id] == [] then "no" elif true then "some" else 1 end`,
	`+1 as $x | .regions[] | .id + $x`, `-(1, 2) as $x | .regions[] | .id + $x`, `+("1,7" | split(",") | map(tonumber)) as $s | .regions[] | select(.id | IN($s[])) | .id`, `+error("x") as $x | .regions[].id`, `+empty as $x | .regions[].id`, `*now as $x | .regions[] | .id`,
	`-{a: (1, 2)} as {a: $x} | range(2) as $i | .regions[] | .id`, `-{a: 1} as {("a", "a"): $x} | .regions[] | .id`, `-1 as [$x] ?// $x | .regions[] | error("again")`,
	`+.regions[] | halt`, `+.regions[] | .id, halt`, `+.regions[] | if .id > 9 then halt_error else .id end`, `halt, .regions[]`, `halt_error`, `+.regions[] | .id, error`, `+.regions[] | error(null)`, `+.regions[] | if .id % 3 == 0 then error(.) else .id end`,
	`+.regions[] | .id / (.id - 7)`, `+.regions[] | .peers.store_id`, `+.regions[] | .[0]`, `+.regions[] | .id.x`, `+.regions[] | .peers + 1`, `+.regions[] | try (.peers + 1) catch .`, `+.regions[] | try .peers.x catch .`, `+.regions[] | try .[0] catch .`, `+.regions[] | try (.leader[0]) catch .`,
	`+.regions[] | try (.peers[] | .role.x) catch .`, `+.regions[] | try (.down_peers[].peer[0]) catch .`, `+.regions[] | try (. as [$x] | $x) catch .`, `+.regions[] | first(.peers[]?) | .id`, `+.regions[] | limit(1; .peers[]?)`, `+.regions[] | any(.peers[]?; .store_id == 5)`,
	`+.regions[] | path(..)`, `+.regions[] | [paths] | length`, `+.regions[] | del(.peers)`, `+.regions[] | .peers |= length`, `+.regions[] | .id = 1`, `+.regions[] | .id += 1`, `+.regions[] | getpath(["leader", "store_id"])`, `+.regions[] | env | length`, `+.regions[] | $ENV`, `+.regions[] | input_filename`,
	`+.regions[] | reduce .peers[]? as $p (0; . + $p.store_id)`, `+.regions[] | reduce .peers[]? as $p (.; .id = $p.id) | .id`, `+.regions[] | [foreach .peers[]? as $p (null; $p; .id)]`, `+.regions[] | [.peers[]?.id] | sort`, `+.regions[] | [.peers[]? | .role // 0] | unique`, `+.regions[] | walk(.)`,
	`+.regions[] | .peers | map(.store_id)?`, `+.regions[] | .peers | first?`, `+.regions[] | [.peers, .down_peers] | map(length)`, `+.regions[] | .down_peers[]?.peer.id`, `+.regions[] | .pending_peers[]? | [.id, .store_id]`, `+.regions[] | {id, leader}`, `+.regions[] | {id, "leader", s: .peers[]?.store_id}`, `+.regions[] | {"id", (.start_key): 1}`,
	`+.regions[] | select(.start_key >= "7480") | .start_key`, `+.regions[] | [.id, .approximate_size] | @tsv`, `+.regions[] | "\(.id)" | test("^7")`, `+.regions[] | [.start_key | scan("..")] | length`, `+.regions[] | .start_key | ltrimstr("74")`, `+.regions[] | recurse(.peers[]?) | .id?`, `+.regions[] | until(true; .) | .id`, `+.regions[] | [limit(3; repeat(1))]`,
	`*.regions | map(.id)`, `*.regions | map(select(.leader.store_id == 5)) | .[].id`, `*.regions | any(.id == 7)`, `*.regions | all(.id)`, `*.regions | any`, `-.regions | add`, `*.regions | first(.[])`, `-.regions | first`, `-.regions | map_values(.id)`, `-.regions | group_by(.id)`, `-.regions | select(length > 1) | .[].id`,
	`+.regions[] | .["i" + "d"]`, `+.regions[] | .["lea" + "der"].store_id?`, `+.regions[] | .leader["store" + "_id"]?`, `+.regions[] | .[("id", "leader")] | tojson`, `-def f($x): 1 | x; f(.regions[].id)`, `*.regions[] as {leader: $a} ?// $a | $a.store_id?`,
	`1`, `empty`, `"x"`, `*[]`, `*{}`, `*null`, `error("x")`, `*$ARGS`, `*$ARGS.named.name, .regions[].id`, `+.regions[] | select(.start_key != $name) | .id`, `*[$name, (.regions[] | .id)]`, `. as [$x] | 1`, `-.regions + []`, `+{"7": 1}[.regions[].id | tostring]`, `+.regions[][$name]`, `-.regions[][.count]`, `-(.regions, .regions)[]`, `-(., .) | .regions[]`,
	`*.regions[] as $r | 1 | [$r.id]`[1:], `-.regions[] as $r | .`, `-.regions[] as $r | .regions[]`, `*[.regions[].id] as $ids | $ids | length`, `*[.regions[].id] as [$a, $b] | $b`, `-[.regions[].id] as $ids | .count`, `*[limit(2; .regions[] | .id)] | length`, `*[.regions[] | .id] | map(. + 1) | .[]`, `+.regions[] | (.id, .leader) as $x | $x`,
}

// regionDocument makes regions as PD writes them, with the oddities of its versions.
func regionDocument(r *rand.Rand, n int) (whole []byte, elements [][]byte) {
	number := func() any {
		switch r.IntN(6) {
		case 0:
			return json.Number("18446744073709551615")
		case 1:
			return json.Number(fmt.Sprint(9007199254740993 + uint64(r.IntN(3))))
		}
		return r.IntN(12)
	}
	peer := func() any {
		p := map[string]any{"id": number(), "store_id": 1 + r.IntN(6)}
		switch r.IntN(4) {
		case 0:
			p["role"], p["role_name"], p["is_learner"] = 1, "Learner", true
		case 1:
			p["role_name"] = "Voter"
		}
		return p
	}
	for i := range n {
		region := map[string]any{"id": number(), "start_key": fmt.Sprintf("74%02X", i), "end_key": "7480\u00e9\"<", "approximate_size": r.IntN(200), "written_bytes": 1.5}
		switch r.IntN(4) {
		case 0:
			region["leader"] = peer()
		case 1:
			region["leader"] = map[string]any{"role_name": ""}
		case 2:
			region["leader"] = nil
		}
		var peers []any
		for range r.IntN(5) {
			peers = append(peers, peer())
		}
		if r.IntN(12) > 0 {
			region["peers"] = peers // null when there are none
		} else if r.IntN(2) == 0 {
			region["peers"] = map[string]any{"id": 1, "peers": []any{peer()}}
		}
		if r.IntN(3) == 0 {
			region["down_peers"] = []any{map[string]any{"peer": peer(), "down_seconds": 60}}
			region["pending_peers"] = []any{peer()}
		}
		var element any = region
		if r.IntN(60) == 0 {
			element = []any{nil, true, "text", -7.25e3, []any{region}}[r.IntN(5)]
		}
		data, err := json.Marshal(element)
		if err != nil {
			panic(err)
		}
		elements = append(elements, data)
	}
	list := "null"
	if elements != nil {
		list = "[" + string(bytes.Join(elements, []byte(", "))) + "]"
	} else if r.IntN(2) == 0 {
		list, elements = "[]", [][]byte{}
	}
	return fmt.Appendf(nil, `{"count": %d, "regions": %s}`, n, list), elements
}

// batched cuts elements at random; null is told as RunElements wants it.
func batched(r *rand.Rand, elements [][]byte) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		if elements == nil {
			yield(nil, ErrNull)
			return
		}
		for rest := elements; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			if !yield(rest[:n], nil) {
				return
			}
			rest = rest[n:]
		}
	}
}

// message is what an error says without where it was met.
func message(err error) string {
	if run, ok := errors.AsType[*RunError](err); ok {
		return run.Err.Error()
	}
	return fmt.Sprint(err)
}

// reference runs gojq over the whole document with nothing of this package.
func reference(source string, document []byte) (results []string, err error) {
	query, err := gojq.Parse(source)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query, compilerOptions([]string{"$name", "$ARGS"})...)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var input any
	if err := decoder.Decode(&input); err != nil {
		return nil, err
	}
	values := code.Run(input, "id", map[string]any{"named": map[string]any{"name": "id"}, "positional": []any{}})
	for len(results) < 3000 {
		value, ok := values.Next()
		if !ok {
			return results, nil
		}
		if err, failed := value.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return results, nil
			}
			return results, err
		}
		text, _ := gojq.Marshal(value)
		results = append(results, string(text))
	}
	return results, errEnough
}

var errEnough = errors.New("enough")

// compare runs the program in all ways and says where they differ.
func compare(t *testing.T, p *Program, source string, r *rand.Rand, whole []byte, elements [][]byte) {
	t.Helper()
	want, wantErr := reference(source, whole)
	check := func(how string, got []string, err error) {
		if !slices.Equal(got, want) || message(err) != message(wantErr) {
			t.Fatalf("%s\n%s over %s\ngot  %v, %v\nwant %v, %v", source, how, whole, got, err, want, wantErr)
		}
	}
	collect := func(got *[]string) func([]byte) error {
		return func(line []byte) error {
			if len(*got) == 3000 {
				return errEnough
			}
			*got = append(*got, string(line))
			return nil
		}
	}
	var got []string
	var err error
	for line, failed := range p.Run(t.Context(), whole) {
		if err = failed; err == nil {
			err = collect(&got)(line)
		}
	}
	check("whole", got, err)
	if p.elements == nil {
		return
	}
	got = nil
	err = p.RunElements(t.Context(), batched(r, elements), collect(&got))
	check(fmt.Sprintf("elements (parallel %v)", p.parallel), got, err)
	if p.parallel {
		got = nil
		err = p.runSerial(t.Context(), batched(r, elements), collect(&got))
		check("serial", got, err)
	}
}

var withName = Options{Args: map[string]string{"name": "id"}, Array: "regions"}

func TestElementsGiveWhatTheDocumentGives(t *testing.T) {
	for _, marked := range programs {
		source := strings.TrimLeft(marked, "+*-")
		if marked == `+-.regions[].id` {
			source = marked[1:]
		}
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			p, err := Compile(source, withName)
			if err != nil {
				t.Fatal(err)
			}
			ok, why := p.Streams()
			got := map[bool]string{true: "*", false: "-"}[ok]
			if p.parallel {
				got = "+"
			}
			if mark := marked[:1]; strings.Contains("+*-", mark) && mark != got {
				t.Errorf("runs as %s (%s), want %s", got, why, mark)
			}
			if ok != (why == "") {
				t.Errorf("streams %v because of %q", ok, why)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range []int{0, 0, 0, 0, 1, 2, 5, 20, 150} {
				whole, elements := regionDocument(r, n)
				compare(t, p, source, r, whole, elements)
			}
		})
	}
}
