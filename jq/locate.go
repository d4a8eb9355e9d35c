package jq

import (
	"strings"

	"github.com/itchyny/gojq"
)

// locate finds the name that a program uses but nothing defines. gojq does not
// say where it is. The answer is -1 unless there is one such name at one place.
func locate(source string, q *gojq.Query, variables []string) int {
	defined := builtins()
	for _, name := range append(variables, "$ENV") {
		defined[signature(name, 0)] = true
	}
	var used []*gojq.Func
	v := visitor{
		call:     func(f *gojq.Func) { used = append(used, f) },
		variable: func(name string) { defined[signature(name, 0)] = true },
		function: func(def *gojq.FuncDef) {
			defined[signature(def.Name, len(def.Args))] = true
			for _, arg := range def.Args {
				defined[signature(arg, 0)] = true
				defined[signature(strings.TrimPrefix(arg, "$"), 0)] = true
			}
		},
	}
	v.query(q)
	name := ""
	for _, f := range used {
		if defined[signature(f.Name, len(f.Args))] {
			continue
		}
		if name != "" && name != f.Name {
			return -1
		}
		name = f.Name
	}
	if name == "" {
		return -1
	}
	return only(source, name)
}

// builtins are the functions that jq itself has.
func builtins() map[string]bool {
	names := map[string]bool{"empty/0": true, "env/0": true}
	query, err := gojq.Parse("builtins[]")
	if err != nil {
		return names
	}
	results := query.Run(nil)
	for {
		name, ok := results.Next()
		if !ok {
			return names
		}
		if text, ok := name.(string); ok {
			names[text] = true
		}
	}
}

// only returns where the name stands in the source as a name, outside of
// strings and comments; -1 if that is not exactly one place.
func only(source, name string) int {
	found := -1
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case c == '#':
			for i < len(source) && source[i] != '\n' {
				i++
			}
		case c == '"':
			for i++; i < len(source) && source[i] != '"'; i++ {
				if source[i] == '\\' {
					i++
				}
			}
		case c == '.' || c == '$' || isName(c):
			start := i
			for i+1 < len(source) && isName(source[i+1]) {
				i++
			}
			rest := strings.TrimLeft(source[i+1:], " \t\r\n")
			if source[start:i+1] != name || strings.HasPrefix(rest, ":") {
				continue
			}
			if found >= 0 {
				return -1
			}
			found = start
		}
	}
	return found
}

func isName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
