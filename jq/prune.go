package jq

import (
	"slices"

	"github.com/itchyny/gojq"
)

// elementsName is the function that stands for .regions[] in a program that
// runs element by element. No program can write this name.
const elementsName = "_%elements"

// maxSteps bounds the work on a program that calls itself, or is made to take
// long to understand.
const maxSteps = 20000

// views are the parts of the input that a value may be; none when it is a value
// of the program's own.
type views []*mask

func (v views) with(others views) views {
	for _, m := range others {
		if !slices.Contains(v, m) {
			v = append(slices.Clip(v), m)
		}
	}
	return v
}

// show marks that everything of the values is seen, and returns no views: what
// is seen in full needs no tracking.
func (v views) show() views {
	for _, m := range v {
		m.show()
	}
	return nil
}

func (v views) at(name string) (children views) {
	for _, m := range v {
		children = children.with(views{m.at(name)})
	}
	return children
}

func (v views) each() (children views) {
	for _, m := range v {
		children = children.with(views{m.each()})
	}
	return children
}

// binding is a name of a program and what it stands for.
type binding struct {
	up    *binding
	name  string
	arity int
	// One of the three: a variable, a function, an argument of a function.
	values views
	def    *gojq.FuncDef
	arg    *gojq.Query
	env    *binding // where arg was written
}

func (b *binding) find(name string, arity int) *binding {
	for ; b != nil; b = b.up {
		if b.name == name && b.arity == arity {
			return b
		}
	}
	return nil
}

func (b *binding) variable(name string, values views) *binding {
	return &binding{up: b, name: name, values: values}
}

// viewer works out what of its input a program can see.
type viewer struct {
	elements *mask
	steps    int
}

// tooHard is why a viewer gave up.
type tooHard struct{}

// prune returns what the query sees of its input, and of the elements.
func prune(q *gojq.Query) (input, elements *mask) {
	input, elements = &mask{}, &mask{}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(tooHard); !ok {
				panic(r)
			}
			input, elements = everything, everything
		}
	}()
	v := &viewer{elements: elements}
	v.query(q, views{input}, nil).show()
	return input, elements
}

func (v *viewer) query(q *gojq.Query, in views, env *binding) views {
	if v.steps++; v.steps > maxSteps {
		panic(tooHard{})
	}
	if q == nil {
		return nil
	}
	for _, def := range q.FuncDefs {
		env = &binding{up: env, name: def.Name, arity: len(def.Args), def: def}
	}
	if q.Term != nil {
		return v.term(q.Term, in, env)
	}
	switch q.Op {
	case gojq.OpPipe:
		left := v.query(q.Left, in, env)
		if len(q.Patterns) > 0 {
			return v.query(q.Right, in, v.bind(q.Patterns, left, env))
		}
		return v.query(q.Right, left, env)
	case gojq.OpComma, gojq.OpAlt:
		return v.query(q.Left, in, env).with(v.query(q.Right, in, env))
	case gojq.OpAnd, gojq.OpOr:
		v.query(q.Left, in, env) // only whether they are true
		v.query(q.Right, in, env)
		return nil
	case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		in.show()
	}
	v.query(q.Left, in, env).show()
	return v.query(q.Right, in, env).show()
}

// bind gives the variables of the patterns their values.
func (v *viewer) bind(patterns []*gojq.Pattern, values views, env *binding) *binding {
	if len(patterns) > 1 {
		values.show() // every variable may come from any alternative
	}
	for _, p := range patterns {
		env = v.pattern(p, values, env)
	}
	return env
}

func (v *viewer) pattern(p *gojq.Pattern, values views, env *binding) *binding {
	if p.Name != "" {
		return env.variable(p.Name, values)
	}
	for _, item := range p.Array {
		env = v.pattern(item, values.each(), env)
	}
	for _, field := range p.Object {
		var child views
		switch {
		case field.Key != "" && field.Key[0] == '$':
			child = values.at(field.Key[1:])
			env = env.variable(field.Key, child)
		case field.Key != "":
			child = values.at(field.Key)
		case field.KeyString != nil && field.KeyString.Queries == nil:
			child = values.at(field.KeyString.Str)
		default:
			values.show()
			child = values
			if field.KeyString != nil {
				v.text(field.KeyString, values, env)
			}
			v.query(field.KeyQuery, values, env).show()
		}
		if field.Val != nil {
			env = v.pattern(field.Val, child, env)
		}
	}
	return env
}

// fold is reduce and foreach: the update sees the start and its own results.
func (v *viewer) fold(source *gojq.Query, patterns []*gojq.Pattern, start, update *gojq.Query, in views, env *binding) (state views, inner *binding) {
	state = v.query(start, in, env)
	inner = v.bind(patterns, v.query(source, in, env), env)
	for range 4 {
		grown := state.with(v.query(update, state, inner))
		if len(grown) == len(state) {
			return state, inner
		}
		state = grown
	}
	state.show()
	state = state.with(v.query(update, state, inner))
	state.show()
	return state, inner
}

func (v *viewer) text(s *gojq.String, in views, env *binding) {
	if s == nil {
		return
	}
	for _, part := range s.Queries {
		v.query(part, in, env).show()
	}
}
