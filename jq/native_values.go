package jq

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

func logic(op gojq.Operator, left, right expr) expr {
	return func(m *machine, v ref) ref {
		a := left(m, v)
		switch {
		case a < 0:
			return surprise
		case m.truth(a) != (op == gojq.OpAnd):
			if op == gojq.OpAlt {
				return a
			}
			return boolRef(op == gojq.OpOr)
		}
		b := right(m, v)
		if b < 0 || op == gojq.OpAlt {
			return b
		}
		return boolRef(m.truth(b))
	}
}

// types are those of jq; values of different ones are never equal.
var types = [...]byte{
	nullNode: 0, falseNode: 1, trueNode: 2, intNode: 3, numberNode: 3, textNode: 4, escapedNode: 4,
	arrayNode: 5, hiddenArray: 5, objectNode: 6, hiddenObject: 6, recordNode: 6,
}

// compare knows integers, plain strings, and values of which it is enough to
// know the type.
func (m *machine) compare(op gojq.Operator, a, b *node) ref {
	order := 0
	switch {
	case a.kind == intNode && b.kind == intNode:
		order = cmp.Compare(a.n, b.n)
	case a.kind == textNode && b.kind == textNode:
		order = bytes.Compare(m.bytes(a), m.bytes(b))
	case types[a.kind] != types[b.kind]:
		order = cmp.Compare(types[a.kind], types[b.kind])
	case a.kind > trueNode:
		return m.fail()
	}
	switch op {
	case gojq.OpEq:
		return boolRef(order == 0)
	case gojq.OpNe:
		return boolRef(order != 0)
	case gojq.OpLt:
		return boolRef(order < 0)
	case gojq.OpLe:
		return boolRef(order <= 0)
	case gojq.OpGt:
		return boolRef(order > 0)
	}
	return boolRef(order >= 0)
}

// index is a field or element by a constant.
func (c *nativeCompiler) index(x *gojq.Index) expr {
	if name, ok := constantKey(x); ok {
		return field(c.name(name))
	}
	if x.IsSlice || x.Start == nil || x.Start.Term == nil || x.Start.Term.Type != gojq.TermTypeNumber || len(x.Start.Term.SuffixList) > 0 || len(x.Start.FuncDefs) > 0 {
		panic(tooHard{})
	}
	place, ok := smallNumber(x.Start.Term.Number)
	if !ok {
		panic(tooHard{})
	}
	return func(m *machine, v ref) ref {
		n := &m.nodes[v]
		switch {
		case n.kind == nullNode || n.kind == arrayNode && place >= n.n:
			return ref(nullNode)
		case n.kind != arrayNode:
			return m.fail()
		}
		at := n.first
		for range place {
			at = m.nodes[at].next
		}
		return at
	}
}

func field(name int) expr {
	return func(m *machine, v ref) ref {
		n := &m.nodes[v]
		if n.kind == nullNode {
			return ref(nullNode)
		}
		if n.kind != objectNode && n.kind != recordNode {
			return m.fail()
		}
		if slot := m.program.shapes[n.shape].slots[name]; slot >= 0 {
			return n.first + ref(slot)
		}
		if n.kind == objectNode {
			return m.fail() // it may be there and was not read
		}
		return ref(nullNode)
	}
}

func length(m *machine, v ref) ref {
	switch n := m.nodes[v]; n.kind {
	case nullNode:
		return m.add(node{kind: intNode})
	case arrayNode:
		return m.add(node{kind: intNode, n: n.n})
	}
	return m.fail()
}

// smallNumber is the value of a literal of digits only.
func smallNumber(text string) (int, bool) {
	if len(text) > intDigits || text == "" || strings.Trim(text, "0123456789") != "" || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
