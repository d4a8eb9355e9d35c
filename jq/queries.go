package jq

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed queries/*.jq
var queryFiles embed.FS

// Query is a program over the regions of PD that has a name.
type Query struct {
	Name    string
	Summary string // one line
	Doc     string // what else there is to know, in lines; may be ""
	Params  []Param
	Source  string
}

// Param is an argument of a query.
type Param struct {
	Name string
	Doc  string
	// Default is used when the argument is not given, unless it is Required.
	Default  string
	Required bool
}

// UnknownQueryError is a name that no query has.
type UnknownQueryError struct {
	Name string
	// Nearest are the names that look like it, the most alike first.
	Nearest []string
}

func (e *UnknownQueryError) Error() string {
	return fmt.Sprintf("find query %q: there is none", e.Name)
}

// ParamError is an argument that a query needs and was not given, or was given
// and does not have.
type ParamError struct {
	Query, Name string
	Missing     bool
}

func (e *ParamError) Error() string {
	if e.Missing {
		return fmt.Sprintf("compile query %s: argument %s is missing", e.Query, e.Name)
	}
	return fmt.Sprintf("compile query %s: it has no argument %s", e.Query, e.Name)
}

// Queries lists the queries by name.
func Queries() []Query {
	files, err := queryFiles.ReadDir("queries")
	if err != nil {
		panic(err) // it is part of the program
	}
	queries := make([]Query, 0, len(files))
	for _, file := range files {
		source, err := queryFiles.ReadFile("queries/" + file.Name())
		if err != nil {
			panic(err)
		}
		queries = append(queries, parseQuery(strings.TrimSuffix(file.Name(), ".jq"), string(source)))
	}
	return queries
}

// parseQuery reads the comment at the head of a query.
func parseQuery(name, source string) Query {
	q := Query{Name: name, Source: source}
	var doc []string
	for i, line := range strings.Split(source, "\n") {
		text, comment := strings.CutPrefix(line, "#")
		if !comment {
			break
		}
		text = strings.TrimPrefix(text, " ")
		head, about, isParam := strings.Cut(text, ": ")
		head, isArg := strings.CutPrefix(head, "arg ")
		switch {
		case i == 0:
			q.Summary = text
		case isArg && isParam:
			name, preset, optional := strings.Cut(head, " = ")
			q.Params = append(q.Params, Param{Name: name, Doc: about, Default: preset, Required: !optional})
		default:
			doc = append(doc, text)
		}
	}
	q.Doc = strings.Trim(strings.Join(doc, "\n"), "\n")
	return q
}

// Named returns a query. Errors are *UnknownQueryError.
func Named(name string) (Query, error) {
	type near struct {
		name     string
		distance int
	}
	var nearest []near
	for _, q := range Queries() {
		if q.Name == name {
			return q, nil
		}
		if d := distance(name, q.Name); d <= 2 || len(name) > 2 && strings.Contains(q.Name, name) {
			nearest = append(nearest, near{q.Name, d})
		}
	}
	slices.SortFunc(nearest, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	e := &UnknownQueryError{Name: name}
	for _, n := range nearest {
		e.Nearest = append(e.Nearest, n.name)
	}
	return Query{}, e
}

// Compile makes a program for the array "regions" of the query and arguments
// for it. Errors are *ParamError.
func (q Query) Compile(args map[string]string, raw bool) (*Program, error) {
	all := map[string]string{}
	for _, p := range q.Params {
		all[p.Name] = p.Default
		if value, given := args[p.Name]; given {
			all[p.Name] = value
		} else if p.Required {
			return nil, &ParamError{Query: q.Name, Name: p.Name, Missing: true}
		}
	}
	for name := range args {
		if _, known := all[name]; !known {
			return nil, &ParamError{Query: q.Name, Name: name}
		}
	}
	return Compile(q.Source, Options{Args: all, Array: "regions", Raw: raw})
}

// distance is how many letters must be added, left out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
