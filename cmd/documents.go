package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ebb/burndown"
	"ebb/tune"
	"ebb/ui"
)

// schemaVersion is the version of every JSON document that commands print.
// Within a version fields are only added.
const schemaVersion = 1

// envelope is the head of every JSON document.
type envelope struct {
	// SchemaVersion is 1. Within a version fields are only added.
	SchemaVersion int `json:"schema_version"`
	// Type says what kind of document this is.
	Type string `json:"type"`
}

func head(documentType string) envelope { return envelope{schemaVersion, documentType} }

// versionDocument is printed by ebb version.
type versionDocument struct {
	envelope
	// Version is that of ebb, "dev" for a build without one.
	Version string `json:"version"`
	// Commit is what it was built from, with -dirty when that was changed.
	Commit string `json:"commit,omitempty"`
	// Date is that of the commit, as in RFC 3339.
	Date string `json:"date,omitempty"`
	// Go is the version of the Go toolchain that built it.
	Go string `json:"go"`
	// Platform is the operating system and the architecture, as in linux/amd64.
	Platform string `json:"platform"`
}

// reportDocument is printed by ebb report.
type reportDocument struct {
	envelope
	*burndown.Report
}

// tuneShowDocument is printed by ebb tune show.
type tuneShowDocument struct {
	envelope
	*tune.Overview
}

// auditListDocument is printed by ebb audit list.
type auditListDocument struct {
	envelope
	// Runs are the operations, the latest last.
	Runs []auditRun `json:"runs"`
}

// auditShowDocument is printed by ebb audit show.
type auditShowDocument struct {
	envelope
	Run *auditRun `json:"run"`
}

// auditPendingDocument is printed by ebb audit pending.
type auditPendingDocument struct {
	envelope
	// Pending are the values that nobody has put back.
	Pending []pendingValue `json:"pending"`
}

// errorDocument is the form of an error on stderr with -o json, always the last
// line there.
type errorDocument struct {
	envelope
	// Message says what was tried on which object and why it failed.
	Message string `json:"message"`
	// Hints say what to do, mostly with the next command.
	Hints []string `json:"hints,omitempty"`
	// Code is the name of the exit code.
	Code string `json:"code"`
	// ExitCode is the status that the program ends with; see ebb help exit-codes.
	ExitCode ExitCode `json:"exit_code"`
}

// messageDocument is the form of everything else on stderr with -o json.
type messageDocument struct {
	envelope
	// Message is one line for people.
	Message string `json:"message"`
}

// messageKind is how much a line on stderr matters.
type messageKind string

// The kinds of messages, as types of documents and as labels of text.
const (
	kindWarning messageKind = "warning" // something is suspicious
	kindNote    messageKind = "note"    // worth knowing
	kindHint    messageKind = "hint"    // what could be done
)

var kindStyles = map[messageKind]ui.Style{kindWarning: ui.Yellow, kindNote: ui.Yellow, kindHint: ui.Cyan}

// say prints a message on stderr: each of its lines behind its kind, or one
// object with -o json.
func (e *Env) say(kind messageKind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if e.jsonMessages != nil && e.jsonMessages() {
		e.printJSONMessage(messageDocument{head(string(kind)), text})
		return
	}
	label := e.Streams.Err.Paint(kindStyles[kind], string(kind)+":")
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(e.Streams.Err, label+" "+ui.Clean(line))
	}
}

func (e *Env) printJSONMessage(document any) {
	line, err := json.Marshal(document)
	if err != nil {
		return // not reached: these documents are made of texts and numbers
	}
	e.printed(line)
	fmt.Fprintln(e.Streams.Err, string(line))
}

// printed shows a document to whoever watches.
func (e *Env) printed(document []byte) {
	if e.Printed != nil {
		e.Printed(document)
	}
}

// wantsJSON reports whether a command was asked for JSON. A jq program counts once
// it has been compiled.
func wantsJSON(c *cobra.Command) bool {
	output, _ := c.Flags().GetString("output")
	format, _ := c.Flags().GetString("format") // of a script
	return output == outputJSON || format == outputJSON
}

// asksForJSON reports whether a command line that could not be parsed asks for
// JSON, as far as anybody can tell: then its error is JSON, too.
func asksForJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	asked := false
	for i, arg := range args {
		switch {
		case arg == "-o" || arg == "--output":
			asked = i+1 < len(args) && args[i+1] == outputJSON
		case strings.HasPrefix(arg, "--output="):
			asked = arg == "--output="+outputJSON
		case strings.HasPrefix(arg, "-o"):
			asked = arg == "-o"+outputJSON || arg == "-o="+outputJSON
		}
	}
	return asked
}
