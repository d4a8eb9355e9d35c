package cmd

import "slices"

// hintedError adds advice to an error.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Hint() string  { return e.hint }
func (e *hintedError) Unwrap() error { return e.error }

// hintsOf collects the outermost hint of each error that is joined in err, each
// once. An error that could hint but has nothing to say does not hide the hint
// of its cause.
func hintsOf(err error) []string {
	// Every level is looked at by itself: errors.As would stop at the first
	// error that could hint, of all that are joined.
	if hinted, ok := err.(interface{ Hint() string }); ok && hinted.Hint() != "" {
		return []string{hinted.Hint()}
	}
	switch wrapper := err.(type) { //nolint:errorlint // see above
	case interface{ Unwrap() error }:
		return hintsOf(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		var hints []string
		for _, e := range wrapper.Unwrap() {
			for _, hint := range hintsOf(e) {
				if !slices.Contains(hints, hint) {
					hints = append(hints, hint)
				}
			}
		}
		return hints
	}
	return nil
}
