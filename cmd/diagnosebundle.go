package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ebb/diagnose"
)

// writeBundle makes a new file; nobody's file is overwritten.
func writeBundle(env *Env, opts *diagnoseOptions, ev *diagnose.Evidence) error {
	f, err := os.OpenFile(opts.bundle, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &usageError{err, "name a file that does not exist yet"}
	}
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	err = diagnose.Export(f, ev, diagnose.ExportOptions{Keys: opts.withKeys, Redact: opts.redact})
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write bundle %s: %w", opts.bundle, err)
	}
	what := "without region keys, with hosts and names (--redact hides them)"
	switch {
	case opts.redact && opts.withKeys:
		what = "with region keys, without hosts and names"
	case opts.redact:
		what = "without region keys, hosts and names"
	case opts.withKeys:
		what = "with region keys, hosts and names"
	}
	env.say(kindNote, "wrote %s, %s", opts.bundle, what)
	return nil
}

func readBundle(path string) (*diagnose.Evidence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &usageError{err, "write one with ebb diagnose --bundle FILE"}
	}
	defer f.Close()
	ev, err := diagnose.Import(f)
	if format, ok := errors.AsType[*diagnose.FormatError](err); ok {
		return nil, &usageError{fmt.Errorf("%s: %w", path, format), "give a file that ebb diagnose --bundle wrote"}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ev, nil
}
