package cmd

import "errors"

// hintedError adds advice to an error.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Hint() string  { return e.hint }
func (e *hintedError) Unwrap() error { return e.error }

// hintsOf collects the outermost hint of each error that is joined in err.
func hintsOf(err error) []string {
	var joined interface{ Unwrap() []error }
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		return []string{hinted.Hint()}
	}
	if !errors.As(err, &joined) {
		return nil
	}
	var hints []string
	for _, e := range joined.Unwrap() {
		hints = append(hints, hintsOf(e)...)
	}
	return hints
}
