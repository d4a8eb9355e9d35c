package jq

import (
	"slices"
	"strconv"

	"github.com/itchyny/gojq"
)

// lower writes out the calls of select, any and all, which are much of what
// programs over regions do: a call costs gojq more than what these do. The
// query is changed in place. A program with functions of these names is left
// as it is.
func lower(q *gojq.Query) {
	lowered := []string{"select", "any", "all", "empty"}
	own := false
	names := visitor{function: func(def *gojq.FuncDef) {
		own = own || slices.Contains(lowered, def.Name)
		for _, arg := range def.Args {
			own = own || slices.Contains(lowered, arg) || arg[0] == '$' && slices.Contains(lowered, arg[1:])
		}
	}}
	if names.query(q); own {
		return
	}
	labels := 0
	calls := visitor{term: func(t *gojq.Term) {
		if t.Type != gojq.TermTypeFunc {
			return
		}
		args := t.Func.Args
		switch signature(t.Func.Name, len(args)) {
		case "select/1":
			t.Type, t.If, t.Func = gojq.TermTypeIf, &gojq.If{Cond: args[0], Then: termOf(gojq.TermTypeIdentity), Else: empty()}, nil
		case "any/1", "all/1":
			each := &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIdentity, SuffixList: []*gojq.Suffix{{Iter: true}}}}
			labels++
			search(t, each, args[0], labels)
		case "any/2", "all/2":
			labels++
			search(t, args[0], args[1], labels)
		}
	}}
	calls.query(q)
}

func termOf(kind gojq.TermType) *gojq.Query { return &gojq.Query{Term: &gojq.Term{Type: kind}} }

func empty() *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: "empty"}}}
}

// search makes t what any and all are:
//
//	label $x | (stream | if cond then true, break $x else empty end), false
//
// Each has a label of its own, as gojq keeps labels of one name in one place.
func search(t *gojq.Term, stream, cond *gojq.Query, n int) {
	label := "$%search" + strconv.Itoa(n)
	found, none := termOf(gojq.TermTypeTrue), termOf(gojq.TermTypeFalse)
	if t.Func.Name == "all" {
		found, none = none, found
	}
	stop := &gojq.Query{Left: found, Op: gojq.OpComma, Right: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeBreak, Break: label}}}
	test := &gojq.If{Cond: cond, Then: stop, Else: empty()}
	if t.Func.Name == "all" {
		test.Then, test.Else = test.Else, test.Then
	}
	each := &gojq.Query{Left: stream, Op: gojq.OpPipe, Right: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIf, If: test}}}
	body := &gojq.Query{Left: each, Op: gojq.OpComma, Right: none}
	t.Type, t.Func = gojq.TermTypeLabel, nil
	t.Label = &gojq.Label{Ident: label, Body: body}
}
