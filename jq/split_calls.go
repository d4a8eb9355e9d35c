package jq

import (
	"strconv"

	"github.com/itchyny/gojq"
)

// maxVariants bounds the copies of functions: who calls itself with the
// document needs one copy after the other.
const maxVariants = 200

func signature(name string, arity int) string { return name + "/" + strconv.Itoa(arity) }

func (s *splitter) call(f *gojq.Func, in kind, scope *definition) (*gojq.Term, flow) {
	if f.Name[0] == '$' {
		// No variable holds the document: binding one to it is refused.
		return &gojq.Term{Type: gojq.TermTypeFunc, Func: f}, flow{single: true}
	}
	d := scope.find(f.Name, len(f.Args))
	switch {
	case d == nil:
		return s.builtin(f, in, scope)
	case d.call != nil:
		return s.argument(d, in)
	}
	return s.variant(d, f, in, scope)
}

// fresh names a function or parameter as no program can.
func (s *splitter) fresh(name string) string {
	if s.variants++; s.variants > maxVariants {
		s.refuse("a function of it calls itself with the document, or it is too intricate")
	}
	return "%" + name + "#" + strconv.Itoa(s.variants)
}

// argument runs an argument of the function with the document as input.
func (s *splitter) argument(d *definition, in kind) (*gojq.Term, flow) {
	if d.call.value {
		s.refuse("the argument $%s is used as a filter", d.name)
	}
	q, f := s.query(d.call.query, in, d.call.scope)
	name := s.fresh(d.name)
	v := d.call.variant
	v.def.Args = append(v.def.Args, name)
	v.args = append(v.args, q)
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name}}, f
}

// variant copies the function for a call with the document as input.
func (s *splitter) variant(d *definition, f *gojq.Func, in kind, scope *definition) (*gojq.Term, flow) {
	v := &variant{def: gojq.FuncDef{Name: s.fresh(d.name)}}
	v.def.Args = append(v.def.Args, d.def.Args...)
	v.args = append(v.args, f.Args...)
	inner := d
	var values []flow
	for i, name := range d.def.Args {
		arg := &argument{query: f.Args[i], scope: scope, variant: v}
		if name[0] == '$' {
			name, arg.value = name[1:], true
			if mentions(d.def.Body, name, 0) {
				s.refuse("the argument $%s is used as a filter", name)
			}
			var a flow
			v.args[i], a = s.query(f.Args[i], in, scope)
			values = append(values, a)
		}
		inner = &definition{up: inner, name: name, call: arg}
	}
	body, out := s.query(d.def.Body, in, inner)
	v.def.Body = body
	d.variants = append(d.variants, &v.def)
	call := &gojq.Func{Name: v.def.Name, Args: v.args}
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: call}, s.then(s.join(values...), out)
}

// oneOutput lists builtin functions with one output at most for each
// combination of their arguments' outputs; those with a star whatever their
// arguments do.
var oneOutput = map[string]string{
	"split/1": "", "tonumber/0": "", "tostring/0": "", "length/0": "", "keys/0": "", "add/0": "", "sort/0": "", "unique/0": "",
	"not/0": "", "type/0": "", "has/1": "", "join/1": "", "min/0": "", "max/0": "", "reverse/0": "", "tojson/0": "", "fromjson/0": "",
	"floor/0": "", "select/1": "", "empty/0": "", "error/0": "", "error/1": "", "ltrimstr/1": "", "rtrimstr/1": "", "test/1": "",
	"startswith/1": "", "endswith/1": "", "ascii_downcase/0": "", "ascii_upcase/0": "", "to_entries/0": "", "from_entries/0": "",
	"map/1": "*", "any/1": "*", "all/1": "*", "any/0": "", "all/0": "", "first/1": "*", "isempty/1": "*",
	"sort_by/1": "*", "group_by/1": "*", "unique_by/1": "*", "min_by/1": "*", "max_by/1": "*", "index/1": "", "contains/1": "",
}

// single says that the query, which does not see the document, has at most one
// output. False when that is not certain.
func (s *splitter) single(q *gojq.Query, scope *definition) bool {
	switch {
	case q == nil:
		return true
	case len(q.FuncDefs) > 0:
		return false
	case q.Term != nil:
		return s.singleTerm(q.Term, scope)
	}
	switch q.Op {
	case gojq.OpComma, gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		return false
	}
	return (len(q.Patterns) == 0 || plain(q.Patterns)) && s.single(q.Left, scope) && s.single(q.Right, scope)
}

func (s *splitter) singleTerm(t *gojq.Term, scope *definition) bool {
	for _, suffix := range t.SuffixList {
		if suffix.Iter || suffix.Index != nil && !s.singleIndex(suffix.Index, scope) {
			return false
		}
	}
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber, gojq.TermTypeArray:
		return true
	case gojq.TermTypeIndex:
		return s.singleIndex(t.Index, scope)
	case gojq.TermTypeString, gojq.TermTypeFormat:
		return t.Str == nil || s.singleText(t.Str, scope)
	case gojq.TermTypeUnary:
		return s.singleTerm(t.Unary.Term, scope)
	case gojq.TermTypeQuery:
		return s.single(t.Query, scope)
	case gojq.TermTypeReduce:
		return s.single(t.Reduce.Start, scope)
	case gojq.TermTypeObject:
		for _, kv := range t.Object.KeyVals {
			if !s.single(kv.KeyQuery, scope) || !s.single(kv.Val, scope) || kv.KeyString != nil && !s.singleText(kv.KeyString, scope) {
				return false
			}
		}
		return true
	case gojq.TermTypeIf:
		return t.If.Else != nil && len(t.If.Elif) == 0 && s.single(t.If.Cond, scope) && s.single(t.If.Then, scope) && s.single(t.If.Else, scope)
	case gojq.TermTypeFunc:
		return s.singleCall(t.Func, scope)
	}
	return false
}

func (s *splitter) singleCall(f *gojq.Func, scope *definition) bool {
	if f.Name[0] == '$' {
		return true
	}
	about, known := oneOutput[signature(f.Name, len(f.Args))]
	if !known || scope.find(f.Name, len(f.Args)) != nil {
		return false
	}
	for _, arg := range f.Args {
		if about != "*" && !s.single(arg, scope) {
			return false
		}
	}
	return true
}

func (s *splitter) singleIndex(x *gojq.Index, scope *definition) bool {
	return s.single(x.Start, scope) && s.single(x.End, scope) && (x.Str == nil || s.singleText(x.Str, scope))
}

func (s *splitter) singleText(x *gojq.String, scope *definition) bool {
	for _, q := range x.Queries {
		if !s.single(q, scope) {
			return false
		}
	}
	return true
}
