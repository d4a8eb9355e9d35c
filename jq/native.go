package jq

import (
	"strconv"

	"github.com/itchyny/gojq"
)

// native is a program for one element made of Go closures, for the simple
// programs that most are: paths, constructors, comparisons, select, any, all.
// It exists for its speed. The procedure's first program takes 2.1 µs of one
// core a region with gojq, 0.8 of them to make its values, and 0.6 natively,
// nearly all to find the end of what is not looked at.
//
// It is right because it does so little: closures know only what is certain.
// Whatever else an element holds, such as an error of the program, a value of
// another type, a number that is no plain integer or a string with escapes
// where it matters, is a surprise: what the element has given so far is thrown
// away, and gojq runs the program over that element from the start.
type native struct {
	run    step
	layout *layout // of an element
	shapes []shape
	consts []node
	text   []byte // of strings in consts
	vars   int    // how many the closures use
	names  []string
}

// ref is the place of a node; surprise is none.
type ref int32

const surprise ref = -1

// step is given a value and gives what it makes of it to the step behind it.
// False ends the search, or all when the machine has failed.
type step func(m *machine, v ref) bool

// expr makes exactly one value of another, or a surprise.
type expr func(m *machine, v ref) ref

type nodeKind uint8

const (
	nullNode nodeKind = iota
	falseNode
	trueNode
	intNode
	numberNode  // any other number, by its text
	textNode    // a string that needs no unquoting
	escapedNode // any other string
	arrayNode
	hiddenArray // nobody looks into it
	objectNode  // of the element, of which only some fields are there
	hiddenObject
	recordNode // an object that the program makes
)

// node is a value. There are no pointers in it, so that it costs the garbage
// collector nothing. The nodes of a program's constants come first: null, false
// and true are where their kinds say.
type node struct {
	kind  nodeKind
	own   bool // text is the program's, not of the element
	shape uint16
	// first is the first element of an array, next the one behind; the fields of
	// an object are one behind the other from first.
	first, next ref
	// n is an integer, or how many elements an array has; the text of a string or
	// number goes from n to end.
	n   int
	end int
}

// shape says where the fields of an object are.
type shape struct {
	slots []int8 // by the name's number; -1 for none
	// keys are those of a record in order, as JSON with a colon.
	keys []string
}

// maxTicks bounds the work on an element: gojq can be cancelled, this cannot.
const maxTicks = 1 << 16

// machine runs a native program over one element after the other.
type machine struct {
	program *native
	data    []byte // the element
	nodes   []node
	vars    []ref
	root    ref
	failed  bool
	ticks   int
	bare    bool // strings go out without quotes
	out     *piece
}

func newMachine(p *native, bare bool) *machine {
	return &machine{program: p, bare: bare, nodes: p.consts[:len(p.consts):len(p.consts)], vars: make([]ref, p.vars)}
}

// element runs the program over one element and adds the results to out; false
// when it met a surprise, and then adds nothing.
func (m *machine) element(data []byte, out *piece) bool {
	m.nodes = m.nodes[:len(m.program.consts)]
	m.failed, m.ticks, m.out = false, 0, out
	length, count := len(out.text), len(out.ends)
	if m.load(data) {
		m.program.run(m, 0)
	} else {
		m.failed = true
	}
	if m.failed {
		out.text, out.ends = out.text[:length], out.ends[:count]
	}
	if cap(m.nodes) > maxTicks {
		m.nodes = m.program.consts
	}
	return !m.failed
}

func (m *machine) fail() ref {
	m.failed = true
	return surprise
}

// tick is asked once for each step of a loop and says whether it may go on.
func (m *machine) tick() bool {
	if m.ticks++; m.ticks > maxTicks {
		m.failed = true
	}
	return !m.failed
}

// add makes a node.
func (m *machine) add(n node) ref {
	m.nodes = append(m.nodes, n)
	return ref(len(m.nodes) - 1)
}

// addFields makes n nodes that are null.
func (m *machine) addFields(n int) ref {
	first := ref(len(m.nodes))
	for range n {
		m.nodes = append(m.nodes, node{})
	}
	return first
}

func (m *machine) bytes(n *node) []byte {
	if n.own {
		return m.program.text[n.n:n.end]
	}
	return m.data[n.n:n.end]
}

func boolRef(b bool) ref {
	if b {
		return ref(trueNode)
	}
	return ref(falseNode)
}

func (m *machine) truth(v ref) bool { return m.nodes[v].kind > falseNode }

// emit is the last step.
func emit(m *machine, v ref) bool {
	n := m.nodes[v]
	if m.bare && n.kind == textNode {
		m.out.text = append(m.out.text, m.bytes(&n)...)
	} else if !m.write(v) {
		m.failed = true
		return false
	}
	m.out.ends = append(m.out.ends, len(m.out.text))
	return true
}

func (m *machine) write(v ref) bool {
	out := m.out
	n := m.nodes[v]
	switch n.kind {
	case nullNode:
		out.text = append(out.text, "null"...)
	case falseNode:
		out.text = append(out.text, "false"...)
	case trueNode:
		out.text = append(out.text, "true"...)
	case intNode:
		out.text = strconv.AppendInt(out.text, int64(n.n), 10)
	case numberNode:
		out.text = append(out.text, m.bytes(&n)...)
	case textNode:
		out.text = appendText(out.text, m.bytes(&n))
	case arrayNode:
		out.text = append(out.text, '[')
		for i, at := 0, n.first; i < n.n; i, at = i+1, m.nodes[at].next {
			if i > 0 {
				out.text = append(out.text, ',')
			}
			if !m.write(at) {
				return false
			}
		}
		out.text = append(out.text, ']')
	case recordNode:
		out.text = append(out.text, '{')
		for i, key := range m.program.shapes[n.shape].keys {
			if i > 0 {
				out.text = append(out.text, ',')
			}
			out.text = append(out.text, key...)
			if !m.write(n.first + ref(i)) {
				return false
			}
		}
		out.text = append(out.text, '}')
	default:
		return false
	}
	return true
}

// compileNative returns the query for single elements as a native program; nil
// when it is not simple enough.
func compileNative(rewritten *gojq.Query, names []string, values []any) (p *native) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(tooHard); !ok {
				panic(r)
			}
			p = nil
		}
	}()
	c := &nativeCompiler{native: &native{consts: []node{{kind: nullNode}, {kind: falseNode}, {kind: trueNode}}}}
	var scope *bound
	for i, name := range names {
		if text, ok := values[i].(string); ok {
			scope = &bound{up: scope, name: name, value: constant(c.literal(text))}
		}
	}
	rewritten, scope = c.prelude(rewritten, scope, names, values)
	c.run = c.query(rewritten, scope, emit)
	seen := &mask{partial: true}
	v := &viewer{elements: seen}
	v.query(rewritten, nil, nil)
	c.layout = c.lay(seen)
	c.number()
	return c.native
}
