package jq

import "github.com/itchyny/gojq"

// control rewrites the terms with queries that run on their own terms.
func (s *splitter) control(t *gojq.Term, in kind, scope *definition) (*gojq.Term, flow) {
	var f flow
	switch t.Type {
	case gojq.TermTypeIf:
		return s.branches(t, in, scope)
	case gojq.TermTypeTry:
		try := *t.Try
		try.Body, f = s.query(try.Body, in, scope)
		t.Try = &try
		s.value(f)
		// The first error ends the rest of the body.
		return t, flow{reads: f.reads, single: f.single && try.Catch == nil}
	case gojq.TermTypeReduce:
		r := *t.Reduce
		r.Start, r.Query, f = s.fold(r.Start, r.Query, in, scope)
		t.Reduce = &r
		return t, f
	case gojq.TermTypeForeach:
		r := *t.Foreach
		r.Start, r.Query, f = s.fold(r.Start, r.Query, in, scope)
		t.Foreach = &r
		f.single = false
		return t, f
	case gojq.TermTypeLabel:
		label := *t.Label
		label.Body, f = s.query(label.Body, in, scope)
		t.Label = &label
		s.value(f)
		f.parallel = false
		return t, f
	}
	s.refuse("it is not understood")
	return nil, flow{}
}

// fold is reduce and foreach. Their updates see no document.
func (s *splitter) fold(start, source *gojq.Query, in kind, scope *definition) (newStart, newSource *gojq.Query, f flow) {
	newStart, first := s.query(start, in, scope)
	newSource, second := s.query(source, in, scope)
	s.value(first)
	s.value(second)
	f = s.then(first, second)
	return newStart, newSource, flow{reads: f.reads, single: first.single}
}

func (s *splitter) branches(t *gojq.Term, in kind, scope *definition) (*gojq.Term, flow) {
	e := *t.If
	if e.Else == nil {
		s.refuse("if without else may yield the document itself")
	}
	var all flow
	e.Cond, all = s.query(e.Cond, in, scope)
	s.value(all)
	branch := func(q *gojq.Query) (*gojq.Query, flow) {
		out, f := s.query(q, in, scope)
		s.value(f)
		all = s.then(all, f)
		return out, f
	}
	single := true
	var f flow
	e.Then, f = branch(e.Then)
	single = single && f.single
	elifs := make([]*gojq.IfElif, len(e.Elif))
	for i, elif := range e.Elif {
		cond, c := branch(elif.Cond)
		then, f := branch(elif.Then)
		single = single && c.single && f.single
		elifs[i] = &gojq.IfElif{Cond: cond, Then: then}
	}
	e.Elif = elifs
	e.Else, f = branch(e.Else)
	t.If = &e
	return t, flow{reads: all.reads, single: single && f.single && all.single}
}

// arguments says what builtin functions do with a document or array as input:
// only those that do not look at it themselves are here. A letter for each
// argument: d runs on the same input, e on what the others yield.
var arguments = map[string]string{
	"empty/0": "", "halt/0": "", "now/0": "", "infinite/0": "", "nan/0": "", "builtins/0": "", "env/0": "", "input_filename/0": "",
	"error/1": "d", "first/1": "d", "last/1": "d", "isempty/1": "d", "add/1": "d",
	"limit/2": "dd", "skip/2": "dd", "nth/2": "dd",
	"any/2": "de", "all/2": "de", "INDEX/2": "de",
	"range/1": "d", "range/2": "dd", "range/3": "ddd", "IN/2": "dd",
}

// manyOutputs are those of arguments with more than one output.
var manyOutputs = map[string]bool{"limit": true, "skip": true, "range": true}

func (s *splitter) builtin(f *gojq.Func, in kind, scope *definition) (*gojq.Term, flow) {
	// any(f) is any(.[]; f), unless the program has an any of its own with two
	// arguments, which must not be called instead.
	if in == array && scope.find(f.Name, 2) == nil {
		if t := s.overArray(f); t != nil {
			return t, flow{reads: true, single: true}
		}
	}
	kinds, known := arguments[signature(f.Name, len(f.Args))]
	if !known {
		if in == array {
			s.refuse("%s looks at the whole array", f.Name)
		}
		s.refuse("%s looks at the whole document", f.Name)
	}
	call := &gojq.Func{Name: f.Name}
	var flows []flow
	for i, arg := range f.Args {
		if kinds[i] == 'd' {
			var a flow
			arg, a = s.query(arg, in, scope)
			flows = append(flows, a)
		}
		call.Args = append(call.Args, arg)
	}
	if f.Name == "IN" || f.Name == "range" || f.Name == "error" {
		return &gojq.Term{Type: gojq.TermTypeFunc, Func: call}, flow{reads: s.join(flows...).reads, single: f.Name != "range" && s.join(flows...).single}
	}
	// The stream may have many values; a count in front of it must have one.
	joined := s.join(flows...)
	counts := s.join(flows[:max(len(flows)-1, 0)]...)
	return &gojq.Term{Type: gojq.TermTypeFunc, Func: call}, flow{reads: joined.reads, single: counts.single && !manyOutputs[f.Name]}
}

// overArray rewrites the functions of arrays that take one element at a time.
func (s *splitter) overArray(f *gojq.Func) *gojq.Term {
	each := &gojq.Query{Term: s.elements()}
	identity := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity}}
	switch signature(f.Name, len(f.Args)) {
	case "map/1":
		body := &gojq.Query{Left: each, Op: gojq.OpPipe, Right: f.Args[0]}
		return &gojq.Term{Type: gojq.TermTypeArray, Array: &gojq.Array{Query: body}}
	case "any/1", "all/1":
		return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: f.Name, Args: []*gojq.Query{each, f.Args[0]}}}
	case "any/0", "all/0":
		return &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: f.Name, Args: []*gojq.Query{each, identity}}}
	}
	return nil
}
