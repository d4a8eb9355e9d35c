package jq

import "github.com/itchyny/gojq"

// must is single where nothing else will do.
func (c *nativeCompiler) must(q *gojq.Query, scope *bound) expr {
	e := c.single(q, scope)
	if e == nil {
		panic(tooHard{})
	}
	return e
}

// single compiles a query that has exactly one result unless it fails; nil when
// that is not certain.
func (c *nativeCompiler) single(q *gojq.Query, scope *bound) expr {
	if c.steps++; c.steps > maxSteps || q == nil || len(q.FuncDefs) > 0 || len(q.Imports) > 0 || q.Meta != nil {
		panic(tooHard{})
	}
	if q.Term != nil {
		return c.singleTerm(q.Term, scope)
	}
	if q.Op == gojq.OpPipe && len(q.Patterns) > 0 {
		return nil
	}
	left := c.single(q.Left, scope)
	if left == nil {
		return nil
	}
	right := c.single(q.Right, scope)
	if right == nil {
		return nil
	}
	switch q.Op {
	case gojq.OpPipe:
		return func(m *machine, v ref) ref {
			out := left(m, v)
			if out < 0 {
				return surprise
			}
			return right(m, out)
		}
	case gojq.OpAnd, gojq.OpOr, gojq.OpAlt:
		return logic(q.Op, left, right)
	case gojq.OpEq, gojq.OpNe, gojq.OpLt, gojq.OpLe, gojq.OpGt, gojq.OpGe:
		return func(m *machine, v ref) ref {
			a, b := left(m, v), right(m, v)
			if a < 0 || b < 0 {
				return surprise
			}
			return m.compare(q.Op, &m.nodes[a], &m.nodes[b])
		}
	}
	return nil
}

func (c *nativeCompiler) singleTerm(t *gojq.Term, scope *bound) expr {
	if rest, suffix, _ := last(t); suffix != nil {
		if suffix.Iter {
			return nil
		}
		from := c.single(rest, scope)
		if from == nil {
			return nil
		}
		at := c.index(suffix.Index)
		return func(m *machine, v ref) ref {
			out := from(m, v)
			if out < 0 {
				return surprise
			}
			return at(m, out)
		}
	}
	switch t.Type {
	case gojq.TermTypeIdentity:
		return func(_ *machine, v ref) ref { return v }
	case gojq.TermTypeNull:
		return constant(ref(nullNode))
	case gojq.TermTypeFalse:
		return constant(ref(falseNode))
	case gojq.TermTypeTrue:
		return constant(ref(trueNode))
	case gojq.TermTypeNumber:
		if n, ok := smallNumber(t.Number); ok {
			return constant(c.constantNode(node{kind: intNode, n: n}))
		}
		panic(tooHard{})
	case gojq.TermTypeString:
		if t.Str.Queries == nil {
			return constant(c.literal(t.Str.Str))
		}
		panic(tooHard{})
	case gojq.TermTypeIndex:
		return c.index(t.Index)
	case gojq.TermTypeQuery:
		return c.single(t.Query, scope)
	case gojq.TermTypeArray:
		return c.list(t.Array.Query, scope)
	case gojq.TermTypeFunc:
		return c.singleCall(t.Func, scope)
	case gojq.TermTypeIf:
		return c.choice(t.If, scope)
	}
	return nil
}

// choice is if; nil when it is not single.
func (c *nativeCompiler) choice(e *gojq.If, scope *bound) expr {
	if len(e.Elif) > 0 {
		panic(tooHard{})
	}
	cond, then := c.must(e.Cond, scope), c.single(e.Then, scope)
	other := func(_ *machine, v ref) ref { return v }
	if e.Else != nil {
		other = c.single(e.Else, scope)
	}
	if then == nil || other == nil {
		return nil
	}
	return func(m *machine, v ref) ref {
		switch out := cond(m, v); {
		case out < 0:
			return surprise
		case m.truth(out):
			return then(m, v)
		}
		return other(m, v)
	}
}

// list is [...].
func (c *nativeCompiler) list(q *gojq.Query, scope *bound) expr {
	if q == nil {
		return constant(c.constantNode(node{kind: arrayNode}))
	}
	list, end := c.variable(), c.variable()
	run := c.query(q, scope, func(m *machine, v ref) bool {
		at := m.add(m.nodes[v]) // what it has as next is not looked at
		n := &m.nodes[m.vars[list]]
		if n.n++; n.n == 1 {
			n.first = at
		} else {
			m.nodes[m.vars[end]].next = at
		}
		m.vars[end] = at
		return true
	})
	return func(m *machine, v ref) ref {
		out := m.add(node{kind: arrayNode})
		m.vars[list] = out
		if !run(m, v) {
			return surprise
		}
		return out
	}
}

func (c *nativeCompiler) singleCall(f *gojq.Func, scope *bound) expr {
	if f.Name[0] == '$' {
		for b := scope; b != nil; b = b.up {
			if b.name == f.Name {
				return b.value
			}
		}
		panic(tooHard{})
	}
	switch signature(f.Name, len(f.Args)) {
	case elementsName + "/1":
		return func(m *machine, _ ref) ref { return m.root }
	case "not/0":
		return func(m *machine, v ref) ref { return boolRef(!m.truth(v)) }
	case "length/0":
		return length
	case "map/1":
		return c.list(&gojq.Query{Left: iteration(), Op: gojq.OpPipe, Right: f.Args[0]}, scope)
	case "any/0", "all/0":
		return c.search(f.Name == "any", iteration(), &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}, scope)
	case "any/1", "all/1":
		return c.search(f.Name == "any", iteration(), f.Args[0], scope)
	case "any/2", "all/2":
		return c.search(f.Name == "any", f.Args[0], f.Args[1], scope)
	}
	return nil
}

// search is any, which looks for one that is true, or all.
func (c *nativeCompiler) search(wanted bool, stream, cond *gojq.Query, scope *bound) expr {
	test, found := c.must(cond, scope), c.variable()
	run := c.query(stream, scope, func(m *machine, v ref) bool {
		out := test(m, v)
		if out < 0 || m.truth(out) != wanted {
			return out >= 0
		}
		m.vars[found] = 1
		return false
	})
	return func(m *machine, v ref) ref {
		m.vars[found] = 0
		if !run(m, v) && m.failed {
			return surprise
		}
		return boolRef((m.vars[found] == 1) == wanted)
	}
}
