package cmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"ebb/jq"
)

// queryOptions are the flags of the verbs that print what PD says as it says it.
type queryOptions struct {
	outputOptions
	args  []string
	query string // only of regions
	whole bool
}

func (q *queryOptions) register(c *cobra.Command) {
	q.outputOptions.register(c)
	f := c.Flags()
	f.StringArrayVar(&q.args, "arg", nil, "set $NAME of the jq program to a string, as in `NAME VALUE`; may be repeated")
	f.BoolVar(&q.whole, "whole-document", false, fmt.Sprintf("let a jq program that needs it have a document of more than %d MiB in memory", wholeLimit>>20))
}

// compile reads the jq program, if there is one. array is the list of the
// documents that it will see, "" for single objects.
func (q *queryOptions) compile(array string) error {
	if q.format != outputText && q.format != outputJSON {
		return &usageError{fmt.Errorf("unknown output format %q", q.format), "leave it out: this always prints JSON; -o json makes errors JSON too"}
	}
	source := q.filter
	args, err := q.arguments()
	switch {
	case err != nil:
		return err
	case q.query != "" && source != "":
		return &usageError{errors.New("both --jq and --query were given"), "give one of them"}
	case q.query != "" && array == "":
		return &usageError{fmt.Errorf("--query %s for one region", q.query), "the queries go through lists of regions"}
	case q.query != "":
		return q.compileNamed(args)
	case source == "" && len(args) > 0:
		return &usageError{errors.New("--arg without --jq"), "an argument is for a jq program: give one with --jq"}
	case source == "":
		return q.validateRaw()
	}
	q.program, err = jq.Compile(source, jq.Options{Args: args, Array: array, Raw: q.raw})
	if err != nil {
		return &usageError{err: err}
	}
	return nil
}

func (q *queryOptions) arguments() (map[string]string, error) {
	args := make(map[string]string, len(q.args))
	for _, pair := range q.args {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, &usageError{fmt.Errorf("--arg %s: no value", pair), "give a name and a value: --arg store 4"}
		}
		args[name] = value
	}
	return args, nil
}

// joinArgs makes one word of the name and the value behind --arg, as jq takes
// them: a flag has one value. Names of variables contain no "=".
func joinArgs(words []string) []string {
	out := make([]string, 0, len(words))
	for i := 0; i < len(words); i++ {
		if words[i] == "--" {
			return append(out, words[i:]...)
		}
		if words[i] == "--arg" && i+2 < len(words) && !strings.Contains(words[i+1], "=") {
			out = append(out, words[i], words[i+1]+"="+words[i+2])
			i += 2
			continue
		}
		out = append(out, words[i])
	}
	return out
}

// wholeLimit bounds the documents that a jq program gets whole, in bytes. As
// values they take about ten times that.
const wholeLimit = 64 << 20

// errTooLarge is returned for a document above wholeLimit.
var errTooLarge = fmt.Errorf("it is larger than %d MiB, and needs about ten times that as values", wholeLimit>>20)

// printList prints {"count":N,ARRAY:[...]} of the elements that come in batches,
// or what the jq program makes of it.
func (q *queryOptions) printList(ctx context.Context, env *Env, array string, batches iter.Seq2[[][]byte, error]) error {
	out := newLineWriter(env.Streams.Out)
	began := false
	counted := func(yield func([][]byte, error) bool) {
		for batch, err := range batches {
			began = began || len(batch) > 0
			if !yield(batch, err) {
				return
			}
		}
	}
	var err error
	streams, why := true, ""
	if q.program != nil {
		streams, why = q.program.Streams()
	}
	switch {
	case q.program == nil:
		err = writeList(ctx, out, array, counted, env.Streams.Out.IsTerminal())
	case streams:
		err = q.program.RunElements(ctx, counted, out.line)
	default:
		env.say(kindNote, "the jq program needs the whole document: %s", why)
		err = q.runWhole(ctx, out, array, counted)
	}
	err = errors.Join(err, out.close())
	if err != nil && began {
		return fmt.Errorf("the output is incomplete: %w", err)
	}
	return err
}

// runWhole reads the document into memory before the program runs.
func (q *queryOptions) runWhole(ctx context.Context, out *lineWriter, array string, batches iter.Seq2[[][]byte, error]) error {
	document := fmt.Appendf(nil, `{%q:[`, array)
	n := 0
	for batch, err := range batches {
		if err != nil {
			return err
		}
		for _, element := range batch {
			if n++; n > 1 {
				document = append(document, ',')
			}
			document = append(document, element...)
		}
		if len(document) > wholeLimit && !q.whole {
			return &usageError{fmt.Errorf("run jq program over the whole document: %w", errTooLarge),
				fmt.Sprintf("let the program go through .%s[] only, so that it runs while they arrive, or read fewer; --whole-document takes the memory", array)}
		}
	}
	return q.printOne(ctx, out, fmt.Appendf(document, `],"count":%d}`, n))
}

// printOne runs the program over one document.
func (q *queryOptions) printOne(ctx context.Context, out *lineWriter, document []byte) error {
	for line, err := range q.program.Run(ctx, document) {
		if err != nil {
			return err
		}
		if err := out.line(line); err != nil {
			return err
		}
	}
	return nil
}

// printObject prints one object, or what the jq program makes of it.
func (q *queryOptions) printObject(ctx context.Context, env *Env, object []byte) (err error) {
	out := newLineWriter(env.Streams.Out)
	switch {
	case q.program != nil:
		err = q.printOne(ctx, out, object)
	default:
		err = out.line(layOut(object, "", env.Streams.Out.IsTerminal()))
	}
	return errors.Join(err, out.close())
}
