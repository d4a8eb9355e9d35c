package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
)

// table is printed aligned on a terminal, and in a pipe with exact values between
// single tabs.
type table struct {
	noHeaders bool
	names     []string
	rows      [][]cell
}

// cell is one value for people and for programs; raw "" means the same as text.
type cell struct{ text, raw string }

func text(format string, args ...any) cell { return cell{text: fmt.Sprintf(format, args...)} }

func addNoHeadersFlag(cmd *cobra.Command, noHeaders *bool) {
	cmd.Flags().BoolVar(noHeaders, "no-headers", false, "print the table without a header line, for scripts")
}

// isTerminal reports whether a person reads w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// prose is where sentences around a table go: in a pipe the table is alone.
func (e *Env) prose() io.Writer {
	if isTerminal(e.Out) {
		return e.Out
	}
	return e.Err
}

func (t *table) write(w io.Writer) error {
	terminal := isTerminal(w)
	var out interface {
		io.Writer
		Flush() error
	} = bufio.NewWriter(w)
	if terminal {
		out = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	}
	if !t.noHeaders {
		fmt.Fprintln(out, strings.Join(t.names, "\t"))
	}
	for _, row := range t.rows {
		fields := make([]string, len(row))
		for i, c := range row {
			fields[i] = c.field(terminal)
		}
		fmt.Fprintln(out, strings.Join(fields, "\t"))
	}
	if err := out.Flush(); err != nil { // keeps the first error of the writes before
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// field never is empty, and never breaks a line or a column.
func (c cell) field(terminal bool) string {
	value := c.text
	if !terminal && c.raw != "" {
		value = c.raw
	}
	if value == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, value)
}
