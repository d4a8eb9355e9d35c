package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/jq"
)

const (
	outputText = "text"
	outputJSON = "json"
)

// outputOptions are -o, --jq and -r.
type outputOptions struct {
	format  string
	filter  string
	raw     bool
	program *jq.Program
}

func (o *outputOptions) register(c *cobra.Command) {
	c.Flags().StringVarP(&o.format, "output", "o", outputText, "output format: text or json")
	c.Flags().StringVar(&o.filter, "jq", "", "filter the JSON with a jq `program` (implies -o json)")
	c.Flags().BoolVarP(&o.raw, "raw-output", "r", false, "print strings that the jq program makes without quotes")
	completeValues(c, "output", outputText, outputJSON)
}

func (o *outputOptions) validate() error {
	if o.format != outputText && o.format != outputJSON {
		return &usageError{err: fmt.Errorf("unknown output format %q", o.format), hint: oneOf(o.format, []string{outputText, outputJSON})}
	}
	if o.filter == "" {
		return o.validateRaw()
	}
	program, err := jq.Compile(o.filter, jq.Options{Raw: o.raw})
	if err != nil {
		// The format stays what it is: the caret under the mistake is for eyes,
		// and would be unreadable inside a JSON string.
		return &usageError{err: err}
	}
	o.format, o.program = outputJSON, program
	return nil
}

// validateRaw is for command lines without a jq program.
func (o *outputOptions) validateRaw() error {
	if o.raw {
		return &usageError{errors.New("--raw-output without --jq"), "JSON is printed as it is without a jq program: give one with --jq"}
	}
	return nil
}

func (o *outputOptions) json() bool { return o.format == outputJSON }

// print writes one JSON document on one line, or what the jq program makes of
// it, one value per line.
func (o *outputOptions) print(ctx context.Context, env *Env, document any) error {
	data, err := json.Marshal(withLists(document))
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	env.printed(data)
	w := env.Streams.Out
	if o.program == nil {
		_, err = fmt.Fprintf(w, "%s\n", data)
		return err
	}
	for line, err := range o.program.Run(ctx, data) {
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// completeValues completes a flag from a fixed list.
func completeValues(c *cobra.Command, flag string, values ...string) {
	// The only error is a flag that does not exist, which the first test shows.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
