package cmd

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"ebb/ui"
)

// Where the package bash-completion is not installed, a Tab completes all the same,
// also behind the : of an address, and prints no error.
func TestBashCompletionWithoutPackage(t *testing.T) {
	streams := ui.Test("")
	if code := run(t.Context(), systemEnv(streams.Streams), []string{"completion", "bash"}); code != ExitDone {
		t.Fatalf("exit code %d: %s", code, streams.ErrBuf)
	}
	for _, tt := range []struct{ line, words, asked, answer, reply string }{
		{"ebb scale-in -N 10.0.0.1:2", "ebb scale-in -N 10.0.0.1 : 2", "__complete scale-in -N 10.0.0.1:2", "10.0.0.1:20160 :4", "20160"},
		{"ebb scale-in -N ", "ebb scale-in -N ''", "__complete scale-in -N ", "10.0.0.1:20160 :4", "10.0.0.1:20160"},
		{"ebb display -t completionverb.g", "ebb display -t completionverb.g", "__complete display -t completionverb.g", "go :8", "completionverb.go"},
	} {
		bash := exec.Command("bash", "--norc", "--noprofile")
		bash.Stdin = strings.NewReader(streams.OutBuf.String() + `
exec 9>&1
compopt() { :; } # complains where no Tab was pressed
ebb() { echo "asked: $*" >&9; printf '%s\n' ` + tt.answer + `; }
COMP_WORDBREAKS+=:
COMP_LINE='` + tt.line + `' COMP_WORDS=(` + tt.words + `) COMP_TYPE=9
COMP_POINT=${#COMP_LINE} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
__start_ebb
echo "reply: ${COMPREPLY[*]}"
`)
		var stderr bytes.Buffer
		bash.Stderr = &stderr
		out, err := bash.Output()
		if want := "asked: " + tt.asked + "\nreply: " + tt.reply + "\n"; err != nil || string(out) != want || stderr.Len() > 0 {
			t.Errorf("%q: %q, %q, %v, want %q", tt.line, out, &stderr, err, want)
		}
	}
}
