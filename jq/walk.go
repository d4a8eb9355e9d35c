package jq

import "github.com/itchyny/gojq"

// visitor is told what a walk over a program meets; nil is not told.
type visitor struct {
	call     func(*gojq.Func) // functions and variables in use
	function func(*gojq.FuncDef)
	variable func(name string) // bound, with the $
	term     func(*gojq.Term)  // any; may change it before the walk goes on
}

// mentions says whether the name is used anywhere in the query, whatever it
// means there.
func mentions(q *gojq.Query, name string, arity int) (found bool) {
	v := visitor{call: func(f *gojq.Func) { found = found || f.Name == name && len(f.Args) == arity }}
	v.query(q)
	return found
}

func (v *visitor) query(q *gojq.Query) {
	if q == nil {
		return
	}
	for _, def := range q.FuncDefs {
		if v.function != nil {
			v.function(def)
		}
		v.query(def.Body)
	}
	v.visit(q.Term)
	v.query(q.Left)
	v.patterns(q.Patterns)
	v.query(q.Right)
}

func (v *visitor) patterns(patterns []*gojq.Pattern) {
	for _, p := range patterns {
		v.bind(p.Name)
		v.patterns(p.Array)
		for _, field := range p.Object {
			v.bind(field.Key)
			v.text(field.KeyString)
			v.query(field.KeyQuery)
			if field.Val != nil {
				v.patterns([]*gojq.Pattern{field.Val})
			}
		}
	}
}

func (v *visitor) bind(name string) {
	if v.variable != nil && name != "" && name[0] == '$' {
		v.variable(name)
	}
}

func (v *visitor) text(s *gojq.String) {
	if s != nil {
		v.queries(s.Queries...)
	}
}

func (v *visitor) queries(all ...*gojq.Query) {
	for _, q := range all {
		v.query(q)
	}
}

func (v *visitor) index(x *gojq.Index) {
	if x != nil {
		v.text(x.Str)
		v.queries(x.Start, x.End)
	}
}

func (v *visitor) visit(t *gojq.Term) {
	if t == nil {
		return
	}
	if v.term != nil {
		v.term(t)
	}
	v.index(t.Index)
	v.text(t.Str)
	v.query(t.Query)
	if t.Func != nil {
		if v.call != nil {
			v.call(t.Func)
		}
		v.queries(t.Func.Args...)
	}
	if t.Array != nil {
		v.query(t.Array.Query)
	}
	if t.Unary != nil {
		v.visit(t.Unary.Term)
	}
	if t.Try != nil {
		v.queries(t.Try.Body, t.Try.Catch)
	}
	if t.Label != nil {
		v.query(t.Label.Body)
	}
	if r := t.Reduce; r != nil {
		v.queries(r.Query, r.Start, r.Update)
		v.patterns(r.Patterns)
	}
	if r := t.Foreach; r != nil {
		v.queries(r.Query, r.Start, r.Update, r.Extract)
		v.patterns(r.Patterns)
	}
	v.nested(t)
	for _, s := range t.SuffixList {
		v.index(s.Index)
	}
}

func (v *visitor) nested(t *gojq.Term) {
	if t.If != nil {
		v.queries(t.If.Cond, t.If.Then, t.If.Else)
		for _, elif := range t.If.Elif {
			v.queries(elif.Cond, elif.Then)
		}
	}
	if t.Object != nil {
		for _, kv := range t.Object.KeyVals {
			if kv.Val == nil && kv.Key != "" && kv.Key[0] == '$' && v.call != nil {
				v.call(&gojq.Func{Name: kv.Key})
			}
			v.text(kv.KeyString)
			v.queries(kv.KeyQuery, kv.Val)
		}
	}
}
