package jq

import (
	"slices"

	"github.com/itchyny/gojq"
)

// elements is the term that yields the elements.
func (s *splitter) elements() *gojq.Term {
	from := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: s.source}}}
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: elementsName, Args: []*gojq.Query{from}}}
}

// after makes one term of a query and what follows it.
func after(first, second *gojq.Term) *gojq.Term {
	return &gojq.Term{Type: gojq.TermTypeQuery, Query: &gojq.Query{Left: &gojq.Query{Term: first}, Op: gojq.OpPipe, Right: &gojq.Query{Term: second}}}
}

func (s *splitter) term(t *gojq.Term, in kind, scope *definition) (*gojq.Term, flow) {
	bare := *t
	bare.SuffixList = nil
	out, f := s.base(&bare, in, scope)
	for _, suffix := range t.SuffixList {
		switch {
		case suffix.Optional:
			out, f = s.optional(out, f)
		case suffix.Iter:
			out, f = s.iterate(out, f)
		case f.out != other:
			out, f = s.step(out, f, suffix.Index)
		default:
			index, inside := s.brackets(suffix.Index, in, scope)
			f = s.join(f, inside)
			out = with(out, &gojq.Suffix{Index: index})
		}
	}
	return out, f
}

// with is the term with one more suffix.
func with(t *gojq.Term, suffix *gojq.Suffix) *gojq.Term {
	out := *t
	out.SuffixList = append(slices.Clip(t.SuffixList), suffix)
	return &out
}

func (s *splitter) optional(t *gojq.Term, f flow) (*gojq.Term, flow) {
	if f.out != other {
		if f.reads || t.Type != gojq.TermTypeIdentity {
			s.refuse("it catches errors around the document itself")
		}
		return t, f // . and .regions of an object cannot fail
	}
	// The ? of .a.b[]? covers the last step alone. Otherwise the first error ends
	// the rest, too.
	if n := len(t.SuffixList); n > 0 && t.SuffixList[n-1].Optional ||
		n == 0 && (t.Type != gojq.TermTypeFunc || t.Func.Name != elementsName) {
		f.parallel = false
	}
	return with(t, &gojq.Suffix{Optional: true}), f
}

func (s *splitter) iterate(t *gojq.Term, f flow) (*gojq.Term, flow) {
	switch f.out {
	case document:
		s.refuse(".[] goes over all fields of the document")
	case array:
		read := s.then(f, flow{reads: true, parallel: true})
		if t.Type == gojq.TermTypeIdentity {
			return s.elements(), read
		}
		return after(t, s.elements()), read
	}
	f.single = false
	return with(t, &gojq.Suffix{Iter: true}), f
}

// step goes from the document to its array; every other step is refused.
func (s *splitter) step(t *gojq.Term, f flow, x *gojq.Index) (*gojq.Term, flow) {
	if f.out == array {
		s.refuse("it picks elements of .%s by their place", s.array)
	}
	name, ok := constantKey(x)
	if !ok {
		s.refuse("it computes which field of the document to read")
	}
	if name != s.array {
		s.refuse("it reads .%s, which is beside .%s", name, s.array)
	}
	f.out = array
	return t, f
}

// constantKey is the name in .name, ."name" and .["name"].
func constantKey(x *gojq.Index) (string, bool) {
	switch {
	case x.Name != "":
		return x.Name, true
	case x.Str != nil:
		return x.Str.Str, x.Str.Queries == nil
	case x.IsSlice || x.Start == nil || x.Start.Term == nil || len(x.Start.FuncDefs) > 0:
		return "", false
	}
	start := x.Start.Term
	if start.Type != gojq.TermTypeString || len(start.SuffixList) > 0 || start.Str.Queries != nil {
		return "", false
	}
	return start.Str.Str, true
}

// brackets rewrites what stands inside [...], whose input is that of the term.
func (s *splitter) brackets(x *gojq.Index, in kind, scope *definition) (*gojq.Index, flow) {
	out := *x
	var start, end, text flow
	out.Start, start = s.query(x.Start, in, scope)
	out.End, end = s.query(x.End, in, scope)
	out.Str, text = s.text(x.Str, in, scope)
	return &out, s.join(start, end, text)
}

func (s *splitter) text(x *gojq.String, in kind, scope *definition) (*gojq.String, flow) {
	if x == nil || x.Queries == nil {
		return x, flow{single: true}
	}
	out := *x
	out.Queries = make([]*gojq.Query, len(x.Queries))
	flows := make([]flow, len(x.Queries))
	for i, q := range x.Queries {
		out.Queries[i], flows[i] = s.query(q, in, scope)
	}
	return &out, s.join(flows...)
}

// base rewrites a term without suffixes in place.
func (s *splitter) base(t *gojq.Term, in kind, scope *definition) (*gojq.Term, flow) {
	var f flow
	switch t.Type {
	case gojq.TermTypeIdentity:
		return t, flow{out: in, single: true}
	case gojq.TermTypeIndex:
		return s.step(&gojq.Term{Type: gojq.TermTypeIdentity}, flow{out: in, single: true}, t.Index)
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber, gojq.TermTypeBreak:
		return t, flow{single: true}
	case gojq.TermTypeFunc:
		return s.call(t.Func, in, scope)
	case gojq.TermTypeString:
		t.Str, f = s.text(t.Str, in, scope)
		return t, f
	case gojq.TermTypeFormat:
		if t.Str == nil {
			s.refuse("%s looks at the whole document", t.Format)
		}
		t.Str, f = s.text(t.Str, in, scope)
		return t, f
	case gojq.TermTypeUnary:
		unary := *t.Unary
		unary.Term, f = s.term(unary.Term, in, scope)
		t.Unary = &unary
		return t, s.join(f)
	case gojq.TermTypeArray:
		list := *t.Array
		list.Query, f = s.query(list.Query, in, scope)
		t.Array = &list
		s.value(f)
		return t, flow{reads: f.reads, single: true}
	case gojq.TermTypeObject:
		return s.object(t, in, scope)
	case gojq.TermTypeQuery:
		t.Query, f = s.query(t.Query, in, scope)
		return t, f
	case gojq.TermTypeRecurse:
		s.refuse(".. walks through the whole document")
	}
	return s.control(t, in, scope)
}

func (s *splitter) object(t *gojq.Term, in kind, scope *definition) (*gojq.Term, flow) {
	object := &gojq.Object{KeyVals: make([]*gojq.ObjectKeyVal, len(t.Object.KeyVals))}
	flows := make([]flow, 0, len(t.Object.KeyVals))
	for i, kv := range t.Object.KeyVals {
		out := *kv
		if kv.Val == nil && (kv.Key == "" || kv.Key[0] != '$') {
			s.refuse("{...} copies a field of the document")
		}
		var name, key, value flow
		out.KeyString, name = s.text(kv.KeyString, in, scope)
		out.KeyQuery, key = s.query(kv.KeyQuery, in, scope)
		out.Val, value = s.query(kv.Val, in, scope)
		flows = append(flows, name, key, value)
		object.KeyVals[i] = &out
	}
	t.Object = object
	return t, s.join(flows...)
}
