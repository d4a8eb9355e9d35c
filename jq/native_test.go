package jq

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// natively runs the program over one element; false when it was a surprise.
func natively(p *Program, element []byte) (lines []string, ok bool) {
	out := &piece{}
	if !newMachine(p.native, p.raw).element(element, out) {
		return nil, false
	}
	start := 0
	for _, end := range out.ends {
		lines, start = append(lines, string(out.text[start:end])), end
	}
	return lines, true
}

// What runs natively, and which programs must not.
func TestNativePrograms(t *testing.T) {
	tests := map[string]bool{
		sopFilter: true,
		`.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) | select(length>1) } | .id`: true,
		`.regions[].id`: true, `.regions | .[] | .id`: true, `.regions[]?.id?`: true, `.regions[] | .peers[]?.id`: true,
		`.regions[] | select(.leader.store_id == null) | .id`: true, `.regions[] | select(.leader | not) | .id`: true,
		`.regions[] | {id, "start_key", s: .peers[].store_id}`: true, `.regions[] | {}, []`: true,
		`.regions[] as $r | $r.peers[] as $p | [$r.id, $p.store_id]`: true, `.regions[] | .id as $id | .peers[] | {$id, store: .store_id}`: true,
		`.regions[] | select(any(.peers[]; .store_id == 5)) | .id`: true, `.regions[] | select(all(.peers[]; .role_name == "Voter" or .is_learner)) | .id`: true,
		`.regions[] | .peers | map(.store_id)`: true, `.regions[] | [.peers[] | select(.role_name != $name and (.is_learner | not))] | length`: true,
		`.regions[] | .peers[0].id`: true, `.regions[] | first(.peers[] | .id)`: true, `.regions[] | .["id"]`: true, `.regions[] | (.approximate_size // 0) >= 100`: true,
		`.regions[] | if .leader.store_id == 5 then .id else empty end`: true, `.regions[] | "x", 1, null, true, false, .id`: true,
		`($name | length * 2) as $n | .regions[] | select(.id > $n)|.id`: true, `(1, 2) as $n | .regions[] | $n`: false, `("x" | tonumber) as $n | .regions[] | .id`: false, `("a" | test("b")) as $n | .regions[] | .id`: false,
		`.regions[] | .id + 1`: false, `.regions[] | "\(.id)"`: false, `.regions[] | keys`: false, `.regions[] | ..`: false, `.regions[] | .peers[1:]`: false, `.regions[] | .peers[-1]`: false,
		`def f: .id; .regions[] | f`: false, `.regions[] | . as {id: $x} | $x`: false, `.regions[] | {a: (1, 2), b: (3, 4)}`: false, `.regions[] | select(.peers[].id == 5)`: false,
		`.regions[] | {a: 1, a: 2}`: false, `.regions[] | {(.start_key): 1}`: false, `.regions[] | try error("x") catch .`: false, `.regions[] | $ENV`: false, `.regions[] | 1.0`: false, `.regions[] | 1234567890123456789`: false,
		`.regions[] | [.peers[] | .id] | sort`: false, `[.regions[] | .id]`: false, `first(.regions[])`: false, `.regions[] | .id |= 1`: false, `.regions[] | -1`: false, `.regions[] | @json`: false,
	}
	for source, want := range tests {
		p, err := Compile(source, withName)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.native != nil; got != want {
			t.Errorf("%s: runs natively: %v", source, got)
			continue
		}
		if want {
			if _, ok := natively(p, pdRegion(7)); !ok {
				t.Errorf("%s: a region of PD is a surprise", source)
			}
		}
	}
	for name, want := range map[string]bool{"keys": true, "leaderless": true, "empty": true, "joint": true, "witness": true, "pending": true, "down": true, "learners": true, "big": true, "hot": true, "no-majority": false} {
		q, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := q.Compile(nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.native != nil; got != want {
			t.Errorf("%s: runs natively: %v", name, got)
			continue
		}
		if want {
			if _, ok := natively(p, pdRegion(50)); !ok {
				t.Errorf("%s: a region of PD is a surprise", name)
			}
		}
	}
}

// chance makes programs of the native subset and a little beyond, and elements
// with all that may be unexpected.
type chance struct {
	*rand.Rand
	vars []string
}

func (r *chance) one(of ...string) string { return of[r.IntN(len(of))] }

func (r *chance) field() string {
	return r.one("id", "id", "id", "id", "store_id", "store_id", "leader", "peers", "a", "b")
}

func (r *chance) path() string {
	out := "." + r.field()
	for out == ".leader" || r.IntN(9) == 0 {
		out += r.one("."+r.field(), "."+r.field()+"?", "[0]", "[1]", `["`+r.field()+`"]`)
	}
	if r.IntN(6) == 0 {
		return "."
	}
	if len(r.vars) > 0 && r.IntN(3) == 0 {
		return r.one(r.vars...) + strings.TrimPrefix(out, "."+strings.SplitN(out[1:], ".", 2)[0])
	}
	return out
}

// single is an expression of one value.
func (r *chance) single(depth int) string {
	if depth <= 0 {
		return r.one(r.path(), r.path(), r.path(), "0", "1", "5", `"x"`, `"é"`, "null", "true", "false", "$name", "[]", "{}", "length", "not")
	}
	a, b := r.single(depth-1), r.single(depth-1)
	switch r.IntN(12) {
	case 0, 1:
		return "(" + a + r.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + b + ")"
	case 2:
		return "(" + a + r.one(" and ", " or ", " // ") + b + ")"
	case 3:
		return "(" + a + " | " + b + ")"
	case 4:
		return "[" + r.stream(depth-1) + "]"
	case 5:
		return "(" + a + " | " + r.one("not", "length", "any", "all", "any("+b+")", "all("+b+")") + ")"
	case 6:
		return r.one("any", "all") + "(" + r.stream(depth-1) + "; " + a + ")"
	case 7:
		return "map(" + r.stream(depth-1) + ")"
	case 8:
		return fmt.Sprintf("{a: %s, %s: %s, %s}", a, r.one("id", `"b"`, "leader"), b, r.one("peers", `"store_id"`, "x: 1"))
	case 9:
		return "if " + a + " then " + b + " else " + r.single(depth-1) + " end"
	}
	return a
}

func (r *chance) stream(depth int) string {
	if depth <= 0 {
		return r.one(".peers[]", ".peers[]?", ".peers[].id", ".peers[] | .store_id", ".peers[].store_id", r.path()+r.one("[]", "[]?", "[]."+r.field()), ".[]?", r.single(0), r.single(0), "empty")
	}
	a := r.stream(depth - 1)
	switch r.IntN(10) {
	case 0, 1:
		return "(" + a + " | " + r.stream(depth-1) + ")"
	case 2:
		return "(" + a + ", " + r.stream(depth-1) + ")"
	case 3:
		return "(" + a + " | select(" + r.single(depth-1) + "))"
	case 4:
		return "first(" + a + ")"
	case 5:
		return "{a: " + a + ", b: " + r.single(depth-1) + "}" + r.one("", ".a", ".b", ".c")
	case 6:
		name := r.one("$p", "$q")
		r.vars = append(r.vars, name)
		right := r.stream(depth - 1)
		r.vars = r.vars[:len(r.vars)-1]
		return "(" + a + " as " + name + " | " + right + ")"
	case 7:
		return "(if " + r.single(depth-1) + " then " + a + r.one("", " else "+r.stream(depth-1)) + " end)"
	case 8:
		return "(" + r.single(depth-1) + " | " + a + ")" + r.one("", "[]", "[]?", "?")
	}
	return r.single(depth)
}

// value is JSON of about the type that the name suggests.
func (r *chance) value(name string, depth int) string {
	if r.IntN(14) == 0 {
		name = ""
	}
	switch {
	case name == "id" || name == "store_id":
		return r.one("0", "1", "5", "7", "1", "5", "9007199254740993", "18446744073709551615")
	case name == "peers" && depth > 0:
		return r.list(depth - 1)
	case name == "leader" && depth > 0:
		return r.object(depth - 1)
	}
	return r.one("null", "true", "false", "0", "-0", "5", "5.0", "1e0", "-1", "0.5", "123456789012345678", "1234567890123456789", `""`, `"x"`, `"é"`, `"\u0078"`, `"a\"b"`, "\"\xff\"", "\"\x7f\"", `"<&>"`, `"\ud800"`,
		`[]`, `{}`, `[ ]`, `[null]`, `[{"id":5}]`, `[5,5]`, `{"id":1,"id":5}`)
}

func (r *chance) list(depth int) string {
	items := make([]string, r.IntN(4))
	for i := range items {
		items[i] = r.object(depth)
		if r.IntN(12) == 0 {
			items[i] = r.value("", depth)
		}
	}
	return "[" + strings.Join(items, r.one(",", " , ")) + "]"
}

func (r *chance) object(depth int) string {
	var members []string
	for _, name := range []string{"id", "store_id", "peers", "leader", "a", "b", "other"} {
		if r.IntN(4) == 0 {
			continue
		}
		members = append(members, `"`+name+`":`+r.value(name, depth))
	}
	if r.IntN(30) == 0 {
		members = append(members, r.one(`"id":`+r.value("", depth), `"\u0069d":5`, "\"\xff\":1", `"é": 2`, `"peers" : null`))
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, r.one(",", ", ")) + "}"
}

// document makes one of n elements.
func (r *chance) document(n int) (whole []byte, elements [][]byte) {
	for range n {
		text := r.object(2)
		if r.IntN(20) == 0 {
			text = r.value("", 2)
		}
		elements = append(elements, []byte(text))
	}
	return fmt.Appendf(nil, `{"regions": [%s]}`, bytes.Join(elements, []byte(","))), elements
}

// Random programs of the subset give what gojq gives, over elements with all
// kinds of surprises.
func TestNativeGivesWhatGojqGives(t *testing.T) {
	var programs, native, elements, known int
	for seed := range uint64(2500) {
		r := &chance{Rand: rand.New(rand.NewPCG(seed, 5))}
		source := r.one(".regions[] | ", ".regions[]? | ", ".regions[] as $q | $q | ") + r.stream(1+r.IntN(3))
		p, err := Compile(source, withName)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		if programs++; p.native == nil {
			continue
		}
		native++
		whole, all := r.document(1 + r.IntN(20))
		for _, element := range all {
			elements++
			if _, ok := natively(p, element); ok {
				known++
			}
		}
		compare(t, p, source, r.Rand, whole, all)
	}
	// A test of what runs by gojq anyway would show nothing.
	t.Logf("%d of %d programs native, over %d elements of which %d were no surprise", native, programs, elements, known)
	if native < programs*2/3 || known < elements/4 {
		t.Error("too few run natively")
	}
}

// Where closures share nodes and places.
func TestNativeSharing(t *testing.T) {
	for _, source := range []string{
		`.leader.store_id, ({p: .leader} | .p.id)`, `.peers[].id, ([.peers[]] | .[0].store_id)`, `{a: .} | .a.id`, `[.] | .[0].id, (.[0] | .store_id)`,
		`[{a: .peers[].id, b: .id}]`, `[{a: .peers[].id}, {a: .peers[].id}]`, `[.peers[] | {id, all: [.id, .store_id]}]`, `{a: .peers[].id} as $x | {b: .peers[].id} as $y | [$x, $y]`,
		`[.peers[0]] | .[1]`, `[.peers[0], 1] | .[1], .[2], length`, `[.peers[] | .id] | .[3]`, `[[.peers[] | [.id]], [.peers[] | .id]]`, `[.peers[].id, .peers[].store_id]`, `[.peers[] as $p | .peers[] as $q | [$p.id, $q.id]]`,
		`(.id, .store_id) as $x | (1, 2) as $y | [$x, $y]`, `1 as $x | 2 as $x | $x`, `1 as $x | ((2 as $x | $x), $x)`, `any(.peers[]; any(.id == 5, .id == 1))`, `all(.peers[]; [.id] | any(. == 5))`, `any(.peers[]; . == 5) | not`,
		`first(first(.peers[] | .id), 7)`, `[first(.peers[]), first(.peers[]) | .id]`, `first(empty)`, `first(.peers[] | select(.id == 7) | .id), 3`, `[.peers[] | first(.id, .store_id)]`, `[][0], [], [[]]`, `{} | .a, .`, `[] | any, all, length`,
		`null | length, any(.[]?; .), .a, .[0]`, `1, null, true, "x" | ., length`, `[null, false, true, 1, "x", [], {}] | .[] as $a | .[] as $b | [$a < $b, $a == $b, $a >= $b]`, `"a" < "b", "b" < "a", "a" <= "a", ("a", "é" | length)`, `{"é\u007f": 1}, "\u007f"`, `{c: 1, "a": 2, b: 3}`,
		`.id == 5.0`, `.id < 18446744073709551616`, `.a == .b`, `[.a == 5, .b == 5, .a < 5]`, `if .a then .b end`, `.id as $id | if $id == 5 then $id elif . then 1 end`, `$name, {$name}, .[$name]`,
		`("5" | tonumber) as $n | .regions[] | .id == $n`, `($name | length * 3 - 1) as $n | .regions[] | .id <= $n, $n`, `"x" as $name | ($name + "y") as $z | .regions[] | $z, $name`, `($name + "y") as $z | ($z + "!") as $y | .regions[] | [$z, $y]`,
		`("x" | tonumber) as $n | .regions[]`, `(1, 2) as $n | .regions[] | $n`, `(1 - 3) as $n | .regions[] | $n, ($n < .id)`, `(1 / 2) as $n | .regions[] | $n`, `. as $n | .regions[] | $n`, `$ARGS as $n | .regions[] | $n`, `"x" as $name | .regions[] | $name`,
	} {
		if !strings.Contains(source, ".regions") {
			source = ".regions[] | " + source
		}
		p, err := Compile(source, withName)
		if err != nil {
			t.Fatal(err)
		}
		r := &chance{Rand: rand.New(rand.NewPCG(9, 9))}
		for range 6 {
			whole, elements := r.document(25)
			compare(t, p, source, r.Rand, whole, elements)
		}
	}
}

// FuzzNative changes programs and elements.
func FuzzNative(f *testing.F) {
	for seed := range uint64(60) {
		r := &chance{Rand: rand.New(rand.NewPCG(seed, 6))}
		f.Add(r.stream(1+r.IntN(2)), []byte(r.object(2)))
	}
	f.Add(strings.TrimPrefix(sopFilter, ".regions[] | "), pdRegion(50))
	f.Fuzz(func(t *testing.T, source string, element []byte) {
		source = ".regions[] | " + source
		p, err := Compile(source, withName)
		if err != nil || p.native == nil {
			return
		}
		if !json.Valid(element) {
			if lines, ok := natively(p, element); ok {
				t.Fatalf("took %q and gave %q", element, lines)
			}
			return
		}
		elements := [][]byte{element, pdRegion(50), element}
		whole := fmt.Appendf(nil, `{"regions": [%s]}`, bytes.Join(elements, []byte(",")))
		compare(t, p, source, rand.New(rand.NewPCG(1, 1)), whole, elements)
	})
}

// A surprise takes back what its element gave, and no more.
func TestSurprise(t *testing.T) {
	p, err := Compile(`.regions[] | .peers[].id`, withName)
	if err != nil {
		t.Fatal(err)
	}
	m, out := newMachine(p.native, false), &piece{}
	for element, want := range map[string]bool{`{"peers":[{"id":1},{"id":2}]}`: true, `{"peers":[{"id":3},4]}`: false, `{"peers":[{"id":5}]} x`: false, `{"peers":[{"id":6},`: false} {
		if got := m.element([]byte(element), out); got != want {
			t.Errorf("%s: %v", element, got)
		}
	}
	if string(out.text) != "12" || !slices.Equal(out.ends, []int{1, 2}) {
		t.Errorf("left %q, %v", out.text, out.ends)
	}
	// More of them than a portion takes, and errors among them: all in order.
	var elements [][]byte
	var want []string
	for i := range 700 {
		elements = append(elements, fmt.Appendf(nil, `{"peers":[{"id":%d},{"id":-%d}]}`, i, i+1))
		if i%3 == 0 {
			elements[i] = fmt.Appendf(nil, `{"peers":{"\u0069":{"id":%d},"z":{"id":-%d}}}`, i, i+1)
		}
		want = append(want, fmt.Sprint(i), fmt.Sprint(-i-1))
	}
	got, err := collect(t, p, sequence([][][]byte{elements}))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	elements[600] = []byte(`{"peers":5}`)
	got, err = collect(t, p, sequence([][][]byte{elements}))
	var failed *RunError
	if !errors.As(err, &failed) || failed.Element != 600 || !slices.Equal(got, want[:1200]) {
		t.Errorf("got %d lines, %v", len(got), err)
	}
}
