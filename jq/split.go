package jq

import (
	"fmt"

	"github.com/itchyny/gojq"
)

// kind is what a query of the document yields.
type kind int

const (
	other    kind = iota // nothing that leads back to the document
	document             // the document itself
	array                // its array
)

// flow is what is known of a query whose input is the document or the array.
type flow struct {
	out kind
	// reads says that the elements are asked for. Never more than once: they
	// pass by once only.
	reads bool
	// single says that there is at most one output.
	single bool
	// parallel says that the outputs for some elements and then for those behind
	// them are the outputs for all of them.
	parallel bool
}

// refusal is why a program needs the whole document.
type refusal string

// splitter rewrites a program to one that takes elements instead of the
// document. What it does not understand it refuses: a program is split only
// when each way from the document into it is known to lead through
// .regions[], and to lead there once.
type splitter struct {
	array    string // name of the field
	source   string // the variable that says where elements come from
	variants int
}

// definition is a function or an argument of one that the query can name.
type definition struct {
	up    *definition
	name  string
	arity int
	def   *gojq.FuncDef
	// variants are copies of def for calls with the document as input.
	variants []*gojq.FuncDef
	// call is set for an argument of a function.
	call *argument
}

// argument is what a function was called with. It can be asked for with the
// document as input, too, for which the variant has a further parameter.
type argument struct {
	value   bool // $name: evaluated once, on the input of the call
	query   *gojq.Query
	scope   *definition // where query was written
	variant *variant
}

// variant is a function being copied for one call.
type variant struct {
	def  gojq.FuncDef
	args []*gojq.Query
}

func (d *definition) find(name string, arity int) *definition {
	for ; d != nil; d = d.up {
		if d.name == name && d.arity == arity {
			return d
		}
	}
	return nil
}

// split returns the program for elements, or why there is none.
func split(q *gojq.Query, array, source string) (rewritten *gojq.Query, parallel bool, why string) {
	defer func() {
		if r := recover(); r != nil {
			reason, ok := r.(refusal)
			if !ok {
				panic(r)
			}
			rewritten, parallel, why = nil, false, string(reason)
		}
	}()
	s := &splitter{array: array, source: source}
	rewritten, f := s.query(q, document, nil)
	s.value(f)
	return rewritten, f.parallel && !mentions(q, "now", 0), ""
}

func (s *splitter) refuse(format string, args ...any) {
	panic(refusal(fmt.Sprintf(format, args...)))
}

// value refuses what has the document or array as its value.
func (s *splitter) value(f flow) {
	switch f.out {
	case document:
		s.refuse("it uses the document itself as a value")
	case array:
		s.refuse("it uses the array .%s itself as a value", s.array)
	}
}

// join is the flow of an operation on every combination of its operands.
func (s *splitter) join(flows ...flow) flow {
	joined := flow{single: true}
	rest := true
	for _, f := range flows {
		s.value(f)
		if f.reads && joined.reads {
			s.refuse("it reads .%s[] more than once", s.array)
		}
		if f.reads {
			joined.reads, joined.parallel = true, f.parallel
		} else {
			rest = rest && f.single
		}
		joined.single = joined.single && f.single
	}
	if joined.reads && !rest {
		s.refuse("it may read .%s[] more than once", s.array)
	}
	return joined
}

// then is the flow of what runs once for each output of the first.
func (s *splitter) then(first, second flow) flow {
	if second.reads && (first.reads || !first.single) {
		s.refuse("it may read .%s[] more than once", s.array)
	}
	return flow{
		out:   second.out,
		reads: first.reads || second.reads, single: first.single && second.single,
		parallel: first.parallel || second.parallel,
	}
}

func (s *splitter) query(q *gojq.Query, in kind, scope *definition) (*gojq.Query, flow) {
	if q == nil {
		return nil, flow{single: true}
	}
	if in == other {
		return q, flow{single: s.single(q, scope)}
	}
	if len(q.Imports) > 0 {
		s.refuse("it imports a module")
	}
	outer := scope
	for _, def := range q.FuncDefs {
		scope = &definition{up: scope, name: def.Name, arity: len(def.Args), def: def}
	}
	out := *q
	var f flow
	if q.Term != nil {
		out.Term, f = s.term(q.Term, in, scope)
	} else {
		f = s.operation(&out, in, scope)
	}
	// Variants stand behind the function that they are copies of, so that names
	// in them mean the same.
	out.FuncDefs = nil
	for d := scope; d != outer; d = d.up {
		defs := append([]*gojq.FuncDef{d.def}, d.variants...)
		out.FuncDefs = append(defs, out.FuncDefs...)
	}
	return &out, f
}

// operation rewrites the operands of q in place.
func (s *splitter) operation(q *gojq.Query, in kind, scope *definition) flow {
	var left, right flow
	q.Left, left = s.query(q.Left, in, scope)
	switch q.Op {
	case gojq.OpPipe:
		if len(q.Patterns) == 0 {
			q.Right, right = s.query(q.Right, left.out, scope)
			return s.then(left, right)
		}
		if left.out != other {
			s.refuse("it keeps the document in a variable")
		}
		q.Right, right = s.query(q.Right, in, scope)
		left.single = left.single && plain(q.Patterns)
		f := s.then(left, right)
		f.parallel = f.parallel && len(q.Patterns) == 1
		return f
	case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		s.refuse("%s changes the whole document", q.Op)
	}
	q.Right, right = s.query(q.Right, in, scope)
	if q.Op != gojq.OpComma && q.Op != gojq.OpAlt {
		return s.join(left, right)
	}
	s.value(left)
	s.value(right)
	if left.reads && right.reads {
		s.refuse("it reads .%s[] more than once", s.array)
	}
	// The right side of // runs once, when the left side has nothing to give.
	return flow{reads: left.reads || right.reads, single: q.Op == gojq.OpAlt && left.single && right.single}
}

// plain says that the patterns bind their variables once for each value.
func plain(patterns []*gojq.Pattern) bool {
	if len(patterns) != 1 {
		return false
	}
	p := patterns[0]
	for _, item := range p.Array {
		if !plain([]*gojq.Pattern{item}) {
			return false
		}
	}
	for _, field := range p.Object {
		if field.KeyQuery != nil || field.KeyString != nil && field.KeyString.Queries != nil {
			return false
		}
		if field.Val != nil && !plain([]*gojq.Pattern{field.Val}) {
			return false
		}
	}
	return true
}
