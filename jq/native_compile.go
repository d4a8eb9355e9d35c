package jq

import "github.com/itchyny/gojq"

// nativeCompiler makes closures of a query, or panics with tooHard. Each
// closure runs once at a time, as no program of this kind calls itself: what it
// keeps meanwhile has a fixed place in the vars of the machine.
type nativeCompiler struct {
	*native
	steps int
}

// bound is a variable in use.
type bound struct {
	up    *bound
	name  string
	value expr
}

func constant(at ref) expr { return func(*machine, ref) ref { return at } }

func (c *nativeCompiler) variable() int {
	c.vars++
	return c.vars - 1
}

func (c *nativeCompiler) constantNode(n node) ref {
	c.consts = append(c.consts, n)
	return ref(len(c.consts) - 1)
}

func (c *nativeCompiler) literal(text string) ref {
	start := len(c.text)
	c.text = append(c.text, text...)
	return c.constantNode(node{kind: textNode, own: true, n: start, end: len(c.text)})
}

// query compiles a query of any number of results; next gets each of them.
func (c *nativeCompiler) query(q *gojq.Query, scope *bound, next step) step {
	if e := c.single(q, scope); e != nil {
		return func(m *machine, v ref) bool {
			out := e(m, v)
			return out >= 0 && next(m, out)
		}
	}
	switch {
	case q.Term != nil:
		return c.term(q.Term, scope, next)
	case q.Op == gojq.OpComma:
		first, second := c.query(q.Left, scope, next), c.query(q.Right, scope, next)
		return func(m *machine, v ref) bool { return first(m, v) && second(m, v) }
	case q.Op != gojq.OpPipe:
		panic(tooHard{})
	case len(q.Patterns) == 0:
		return c.query(q.Left, scope, c.query(q.Right, scope, next))
	}
	input, value := c.variable(), c.variable()
	right := c.query(q.Right, c.bind(q, scope, value), next)
	left := c.query(q.Left, scope, func(m *machine, v ref) bool {
		m.vars[value] = v
		return right(m, m.vars[input])
	})
	return func(m *machine, v ref) bool {
		m.vars[input] = v
		return left(m, v)
	}
}

// bind is the scope behind the "as $name" of the query.
func (c *nativeCompiler) bind(q *gojq.Query, scope *bound, value int) *bound {
	if len(q.Patterns) != 1 || q.Patterns[0].Name == "" {
		panic(tooHard{})
	}
	return &bound{up: scope, name: q.Patterns[0].Name, value: func(m *machine, _ ref) ref { return m.vars[value] }}
}

// last splits the last suffix off a term. Errors are surprises, so that ? means
// nothing but behind .[] of null.
func last(t *gojq.Term) (rest *gojq.Query, suffix *gojq.Suffix, optional bool) {
	n := len(t.SuffixList) - 1
	for ; n >= 0 && t.SuffixList[n].Optional; n-- {
		optional = true
	}
	bare := *t
	bare.SuffixList = t.SuffixList[:max(n, 0)]
	if n >= 0 {
		suffix = t.SuffixList[n]
	}
	return &gojq.Query{Term: &bare}, suffix, optional
}

func (c *nativeCompiler) term(t *gojq.Term, scope *bound, next step) step {
	if rest, suffix, optional := last(t); suffix != nil {
		if suffix.Iter {
			return c.query(rest, scope, each(optional, next))
		}
		at := c.index(suffix.Index)
		return c.query(rest, scope, func(m *machine, v ref) bool {
			out := at(m, v)
			return out >= 0 && next(m, out)
		})
	}
	switch t.Type {
	case gojq.TermTypeQuery:
		return c.query(t.Query, scope, next)
	case gojq.TermTypeObject:
		return c.object(t.Object, scope, next)
	case gojq.TermTypeIf:
		cond, then := c.must(t.If.Cond, scope), c.query(t.If.Then, scope, next)
		other := next
		if t.If.Else != nil {
			other = c.query(t.If.Else, scope, next)
		}
		return func(m *machine, v ref) bool {
			switch out := cond(m, v); {
			case out < 0:
				return false
			case m.truth(out):
				return then(m, v)
			}
			return other(m, v)
		}
	case gojq.TermTypeFunc:
		return c.call(t.Func, scope, next)
	}
	panic(tooHard{})
}

// each is .[] of an array, or []? of null.
func each(optional bool, next step) step {
	return func(m *machine, v ref) bool {
		n := m.nodes[v]
		if n.kind == nullNode && optional {
			return true
		}
		if n.kind != arrayNode {
			return m.fail() >= 0
		}
		at := n.first
		for range n.n {
			if !m.tick() || !next(m, at) {
				return false
			}
			at = m.nodes[at].next
		}
		return true
	}
}

// iteration is .[] as a query.
func iteration() *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity, SuffixList: []*gojq.Suffix{{Iter: true}}}}
}

func (c *nativeCompiler) call(f *gojq.Func, scope *bound, next step) step {
	switch signature(f.Name, len(f.Args)) {
	case "empty/0":
		return func(*machine, ref) bool { return true }
	case "select/1":
		cond := c.must(f.Args[0], scope)
		return func(m *machine, v ref) bool {
			out := cond(m, v)
			return out >= 0 && (!m.truth(out) || next(m, v))
		}
	case "first/1":
		found := c.variable()
		search := c.query(f.Args[0], scope, func(m *machine, v ref) bool {
			m.vars[found] = v
			return false
		})
		return func(m *machine, v ref) bool {
			m.vars[found] = surprise
			search(m, v)
			return !m.failed && (m.vars[found] < 0 || next(m, m.vars[found]))
		}
	}
	panic(tooHard{})
}
