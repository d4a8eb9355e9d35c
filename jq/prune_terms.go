package jq

import "github.com/itchyny/gojq"

func (v *viewer) term(t *gojq.Term, in views, env *binding) views {
	out := v.base(t, in, env)
	for _, s := range t.SuffixList {
		switch {
		case s.Index != nil:
			out = v.index(s.Index, out, in, env)
		case s.Iter:
			out = out.each()
		}
	}
	return out
}

// base is a term without its suffixes.
func (v *viewer) base(t *gojq.Term, in views, env *binding) views {
	switch t.Type {
	case gojq.TermTypeIdentity:
		return in
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber, gojq.TermTypeBreak:
		return nil
	case gojq.TermTypeIndex:
		return v.index(t.Index, in, in, env)
	case gojq.TermTypeFunc:
		return v.call(t.Func, in, env)
	case gojq.TermTypeObject:
		v.fields(t.Object, in, env)
		return nil
	case gojq.TermTypeArray:
		return v.query(t.Array.Query, in, env).show()
	case gojq.TermTypeUnary:
		return v.term(t.Unary.Term, in, env).show()
	case gojq.TermTypeFormat:
		if t.Str == nil {
			return in.show()
		}
		v.text(t.Str, in, env)
		return nil
	case gojq.TermTypeString:
		v.text(t.Str, in, env)
		return nil
	case gojq.TermTypeIf:
		return v.branches(t.If, in, env)
	case gojq.TermTypeTry:
		return v.query(t.Try.Body, in, env).with(v.query(t.Try.Catch, nil, env))
	case gojq.TermTypeReduce:
		state, _ := v.fold(t.Reduce.Query, t.Reduce.Patterns, t.Reduce.Start, t.Reduce.Update, in, env)
		return state
	case gojq.TermTypeForeach:
		state, inner := v.fold(t.Foreach.Query, t.Foreach.Patterns, t.Foreach.Start, t.Foreach.Update, in, env)
		if t.Foreach.Extract == nil {
			return state
		}
		return v.query(t.Foreach.Extract, state, inner)
	case gojq.TermTypeLabel:
		return v.query(t.Label.Body, in, env)
	case gojq.TermTypeQuery:
		return v.query(t.Query, in, env)
	case gojq.TermTypeRecurse:
		return in.show()
	}
	panic(tooHard{})
}

func (v *viewer) branches(e *gojq.If, in views, env *binding) views {
	v.query(e.Cond, in, env) // only whether it is true
	out := v.query(e.Then, in, env)
	for _, elif := range e.Elif {
		v.query(elif.Cond, in, env)
		out = out.with(v.query(elif.Then, in, env))
	}
	if e.Else == nil {
		return out.with(in)
	}
	return out.with(v.query(e.Else, in, env))
}

// index is what [...] or .name shows of the values; what stands inside the
// brackets sees in.
func (v *viewer) index(x *gojq.Index, values, in views, env *binding) views {
	switch {
	case x.Name != "":
		return values.at(x.Name)
	case x.Str != nil && x.Str.Queries == nil:
		return values.at(x.Str.Str)
	case !x.IsSlice && x.Start != nil && x.Start.Term != nil && len(x.Start.FuncDefs) == 0 && len(x.Start.Term.SuffixList) == 0:
		start := x.Start.Term
		if start.Type == gojq.TermTypeString && start.Str.Queries == nil {
			return values.at(start.Str.Str)
		}
		if start.Type == gojq.TermTypeNumber {
			return values.each()
		}
	}
	v.text(x.Str, in, env)
	v.query(x.Start, in, env).show()
	v.query(x.End, in, env).show()
	values.show()
	return values
}

func (v *viewer) fields(o *gojq.Object, in views, env *binding) {
	for _, kv := range o.KeyVals {
		switch {
		case kv.Val != nil:
			v.query(kv.Val, in, env).show()
		case kv.Key != "" && kv.Key[0] == '$':
			if b := env.find(kv.Key, 0); b != nil {
				b.values.show()
			}
		case kv.Key != "":
			in.at(kv.Key).show()
		case kv.KeyString != nil && kv.KeyString.Queries == nil:
			in.at(kv.KeyString.Str).show()
		default:
			in.show()
		}
		v.text(kv.KeyString, in, env)
		v.query(kv.KeyQuery, in, env).show()
	}
}

func (v *viewer) call(f *gojq.Func, in views, env *binding) views {
	b := env.find(f.Name, len(f.Args))
	switch {
	case b == nil && f.Name == elementsName:
		return views{v.elements}
	case b == nil && f.Name[0] == '$':
		return nil // an argument of the command line
	case b == nil:
		return v.builtin(f, in, env)
	case b.def != nil:
		inner := b
		for i, name := range b.def.Args {
			arg := &binding{up: inner, name: name, arg: f.Args[i], env: env}
			if name[0] == '$' {
				arg.name = name[1:]
				arg = arg.variable(name, v.query(f.Args[i], in, env))
			}
			inner = arg
		}
		return v.query(b.def.Body, in, inner)
	case b.arg != nil:
		return v.query(b.arg, in, b.env)
	}
	return b.values
}

// builtin is a function of jq's own. Those that are not known here see all of
// their input and of what their arguments make.
func (v *viewer) builtin(f *gojq.Func, in views, env *binding) views {
	arg := func(i int, in views) views { return v.query(f.Args[i], in, env) }
	switch f.Name {
	case "select":
		if len(f.Args) == 1 {
			arg(0, in) // only whether it is true
			return in
		}
	case "empty", "not", "type", "now", "env", "builtins", "infinite", "nan", "input_filename":
		return nil
	case "has":
		if key := f.Args[0].Term; key != nil && key.Type == gojq.TermTypeString && key.Str.Queries == nil && len(key.SuffixList) == 0 {
			in.at(key.Str.Str)
			return nil
		}
	case "error", "range":
		for i := range f.Args {
			arg(i, in).show()
		}
		if len(f.Args) > 0 {
			return nil
		}
	case "length":
		in.each()
		return nil
	case "arrays", "objects", "iterables", "booleans", "numbers", "strings", "nulls", "values", "scalars":
		return in
	case "map":
		return arg(0, in.each()).show()
	case "any", "all":
		switch len(f.Args) {
		case 0:
			in.each()
		case 1:
			arg(0, in.each())
		case 2:
			arg(1, arg(0, in))
		}
		return nil
	case "first", "last":
		if len(f.Args) == 0 {
			return in.each()
		}
		return arg(0, in)
	case "isempty":
		arg(0, in)
		return nil
	case "limit", "skip", "nth":
		if len(f.Args) == 2 {
			arg(0, in).show()
			return arg(1, in)
		}
	}
	in.show()
	for _, a := range f.Args {
		v.query(a, in, env).show()
	}
	return nil
}
