package jq

import (
	"slices"

	"github.com/itchyny/gojq"
)

// preludeCalls are the functions of a prelude: they need no element, and end.
var preludeCalls = []string{"tonumber/0", "tostring/0", "length/0", "ltrimstr/1", "rtrimstr/1"}

// prelude takes what is made of arguments alone off the front of a program, as
// in ($mib | tonumber * 1048576) as $min | ..., and lets gojq work it out once.
func (c *nativeCompiler) prelude(q *gojq.Query, scope *bound, names []string, values []any) (*gojq.Query, *bound) {
	free := slices.Clone(names)
	for q.Op == gojq.OpPipe && len(q.Patterns) == 1 && q.Patterns[0].Name != "" && len(q.FuncDefs) == 0 && isPrelude(q.Left, free) {
		code, err := gojq.Compile(q.Left, compilerOptions(names)...)
		if err != nil {
			panic(tooHard{})
		}
		results := code.Run(nil, values...)
		value, ok := results.Next()
		if _, more := results.Next(); !ok || more {
			panic(tooHard{})
		}
		var at ref
		switch v := value.(type) {
		case int:
			at = c.constantNode(node{kind: intNode, n: v})
		case string:
			at = c.literal(v)
		default:
			panic(tooHard{}) // also what is an error
		}
		scope = &bound{up: scope, name: q.Patterns[0].Name, value: constant(at)}
		free = slices.DeleteFunc(free, func(name string) bool { return name == q.Patterns[0].Name })
		q = q.Right
	}
	return q, scope
}

// isPrelude says whether the query needs nothing but arguments and surely ends.
func isPrelude(q *gojq.Query, names []string) bool {
	known := true
	v := visitor{
		function: func(*gojq.FuncDef) { known = false },
		variable: func(string) { known = false },
		call: func(f *gojq.Func) {
			known = known && (slices.Contains(names, f.Name) && f.Name != "$ARGS" || slices.Contains(preludeCalls, signature(f.Name, len(f.Args))))
		},
		term: func(t *gojq.Term) {
			switch t.Type {
			case gojq.TermTypeFunc, gojq.TermTypeQuery, gojq.TermTypeNumber, gojq.TermTypeIdentity:
			case gojq.TermTypeString:
				known = known && t.Str.Queries == nil
			default:
				known = false
			}
			known = known && len(t.SuffixList) == 0
		},
	}
	v.query(q)
	return known
}
