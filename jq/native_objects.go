package jq

import (
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// object makes the records of an object of which one value may have any number
// of results.
func (c *nativeCompiler) object(o *gojq.Object, scope *bound, next step) step {
	names, values := fieldsOf(o)
	shape := c.record(names)
	var stream *gojq.Query
	slot := -1
	exprs := make([]expr, len(values))
	for i, q := range values {
		if exprs[i] = c.single(q, scope); exprs[i] != nil {
			continue
		}
		if stream != nil {
			panic(tooHard{})
		}
		stream, slot = q, i
	}
	build := func(m *machine, v ref) ref {
		first := m.addFields(len(exprs))
		for i, e := range exprs {
			if e == nil {
				continue
			}
			out := e(m, v)
			if out < 0 {
				return surprise
			}
			m.nodes[first+ref(i)] = m.nodes[out]
		}
		return first
	}
	if stream == nil {
		return func(m *machine, v ref) bool {
			first := build(m, v)
			return first >= 0 && next(m, m.add(node{kind: recordNode, shape: shape, first: first}))
		}
	}
	pattern := c.variable()
	run := c.query(stream, scope, func(m *machine, v ref) bool {
		from, first := m.vars[pattern], ref(len(m.nodes))
		m.nodes = append(m.nodes, m.nodes[from:from+ref(len(exprs))]...)
		m.nodes[first+ref(slot)] = m.nodes[v]
		return next(m, m.add(node{kind: recordNode, shape: shape, first: first}))
	})
	return func(m *machine, v ref) bool {
		m.vars[pattern] = build(m, v)
		return m.vars[pattern] >= 0 && run(m, v)
	}
}

// record makes the shape of an object with these fields, which are in order.
func (c *nativeCompiler) record(names []string) uint16 {
	shape := c.shape(names)
	for _, name := range names {
		c.shapes[shape].keys = append(c.shapes[shape].keys, string(append(appendText(nil, name), ':')))
	}
	return shape
}

// fieldsOf returns the names, in order, and values of an object of fixed names.
func fieldsOf(o *gojq.Object) (names []string, values []*gojq.Query) {
	byName := map[string]*gojq.Query{}
	for _, kv := range o.KeyVals {
		name, value := kv.Key, kv.Val
		switch {
		case kv.KeyString != nil && kv.KeyString.Queries == nil:
			name = kv.KeyString.Str
		case name == "":
			panic(tooHard{})
		}
		if value == nil {
			value = &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{Name: name}}}
			if strings.HasPrefix(kv.Key, "$") {
				name, value.Term = name[1:], &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name}}
			}
		}
		if byName[name] != nil {
			panic(tooHard{})
		}
		byName[name], names = value, append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values = append(values, byName[name])
	}
	return names, values
}
