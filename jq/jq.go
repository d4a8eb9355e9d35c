// Package jq runs jq programs over JSON documents with gojq, whole or element
// by element while they arrive. Numbers keep all their digits: ids of regions
// and stores can exceed the 53 bits of a float.
package jq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// Options say how a program is run.
type Options struct {
	// Args are strings that the program sees as $NAME and in $ARGS.named. As in
	// jq the names ENV, ARGS and __loc__ are in $ARGS.named only.
	Args map[string]string
	// Array is the field of the document whose elements may be read one by one,
	// such as "regions"; "" for a program that always gets the whole document.
	Array string
	// Raw gives strings out as they are, without quotes, as jq -r.
	Raw bool
}

// Program is a compiled jq program. It may be run many times, also at once.
type Program struct {
	raw   bool
	args  []any
	whole *gojq.Code
	seen  *mask // of the document

	// elements is the program that runs element by element; nil when it needs
	// the whole document, and why then says what for.
	elements *gojq.Code
	why      string
	needed   *mask // of an element
	// parallel says that each element can be run on its own.
	parallel bool
	native   *native // of a parallel program; nil when it is not simple enough
}

// Compile reads a program. Errors are *SyntaxError and *ArgumentError. Programs see
// neither the environment nor other inputs.
func Compile(source string, options Options) (*Program, error) {
	query, err := gojq.Parse(source)
	if err != nil {
		offset := -1
		if parse, ok := errors.AsType[*gojq.ParseError](err); ok {
			offset = max(parse.Offset-len(parse.Token), 0)
		}
		return nil, &SyntaxError{Source: source, Offset: offset, Err: err}
	}
	names, values, err := variables(options.Args)
	if err != nil {
		return nil, err
	}
	p := &Program{raw: options.Raw, args: values}
	if p.whole, err = gojq.Compile(query, compilerOptions(names)...); err != nil {
		return nil, &SyntaxError{Source: source, Offset: locate(source, query, names), Err: err}
	}
	p.seen, _ = prune(query)
	if options.Array == "" {
		p.why = "its document has no array to go through"
		return p, nil
	}
	p.compileElements(source, options.Array, names)
	return p, nil
}

// compilerOptions are those of both forms of a program.
func compilerOptions(names []string) []gojq.CompilerOption {
	return []gojq.CompilerOption{
		gojq.WithVariables(names),
		gojq.WithFunction("input_filename", 0, 0, func(any, []any) any { return nil }),
	}
}

func (p *Program) compileElements(source, array string, names []string) {
	from := "$__elements"
	for strings.Contains(source, from) {
		from += "_"
	}
	query := parsed(source)
	lower(query)
	rewritten, parallel, why := split(query, array, from)
	if why != "" {
		p.why = why
		return
	}
	options := append(compilerOptions(append(slices.Clone(names), from)),
		gojq.WithIterFunction(elementsName, 1, 1, openFeed))
	code, err := gojq.Compile(rewritten, options...)
	if err != nil {
		p.why = fmt.Sprintf("it does not compile for single elements: %v", err)
		return
	}
	_, p.needed = prune(rewritten)
	p.elements, p.parallel = code, parallel
	if simple, alone, why := split(parsed(source), array, from); parallel && alone && why == "" {
		p.native = compileNative(simple, names, p.args)
	}
}

// parsed is a program that has been parsed before. Who gets it may change it.
func parsed(source string) *gojq.Query {
	query, err := gojq.Parse(source)
	if err != nil {
		panic(err)
	}
	return query
}

// variables are the names and values that the arguments and $ARGS have.
func variables(args map[string]string) (names []string, values []any, err error) {
	named := make(map[string]any, len(args))
	for _, name := range slices.Sorted(maps.Keys(args)) {
		named[name] = args[name]
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" || name == "" || '0' <= name[0] && name[0] <= '9' {
			return nil, nil, &ArgumentError{name}
		}
		if name == "ENV" || name == "ARGS" || name == "__loc__" {
			continue
		}
		names, values = append(names, "$"+name), append(values, args[name])
	}
	return append(names, "$ARGS"), append(values, map[string]any{"positional": []any{}, "named": named}), nil
}

// Streams says whether RunElements can run the program, and if not, why it
// needs the whole document.
func (p *Program) Streams() (ok bool, why string) { return p.elements != nil, p.why }

// Run feeds one JSON document to the program and returns its results as
// compact JSON. After an error nothing follows; it is a *RunError, an
// *InvalidError or that of the context.
func (p *Program) Run(ctx context.Context, document []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		input, err := (&decoder{}).decode(document, p.seen)
		if err != nil {
			yield(nil, err)
			return
		}
		results := p.whole.RunWithContext(ctx, input, p.args...)
		for {
			value, ok, err := result(ctx, results)
			if err != nil && !errors.Is(err, errHalted) {
				yield(nil, err)
				return
			}
			if !ok || !yield(appendResult(nil, value, p.raw), nil) {
				return
			}
		}
	}
}

// errHalted is the end that halt makes.
var errHalted = errors.New("halted")

// result returns the next result, false behind the last one.
func result(ctx context.Context, results gojq.Iter) (value any, ok bool, err error) {
	value, ok = results.Next()
	failed, isError := value.(error)
	if !ok || !isError {
		return value, ok, nil
	}
	var halt *gojq.HaltError
	if errors.As(failed, &halt) && halt.Value() == nil {
		return nil, false, errHalted
	}
	if cause := ctx.Err(); cause != nil && errors.Is(failed, cause) {
		return nil, false, fmt.Errorf("run jq program: %w", failed)
	}
	e := &RunError{Element: -1, Err: failed}
	if raised, ok := errors.AsType[gojq.ValueError](failed); ok {
		e.Value = raised.Value()
	}
	return nil, false, e
}
