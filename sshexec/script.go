package sshexec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// killAfter is how long a command that was told to end may go on before it is
// killed.
const killAfter = 5 * time.Second

// maxScript bounds a rendered command. Linux takes 128 KiB in one argument, and
// under sudo the script is one.
const maxScript = 96 << 10

// ErrTooLong means a command that does not fit into one argument of a program.
var ErrTooLong = errors.New("command is too long")

// Script is a command in the form in which it reaches a host. It is exported for
// fakes of hosts, which get its text and read it with [ParseScript].
//
// The login shell of the account can be anything, so it is given a constant
// ([Bootstrap]) which means the same to every shell: have /bin/sh read as
// many bytes of script as were announced. What the shell's start-up files print
// is cut off at a marker that the script prints first.
//
// A connection can break within the script, and the first half of a command is
// another command. The whole is therefore one group in braces, of which a shell
// runs nothing before it has read the last one; input that is too short ends the
// script before the command.
//
// The script runs the command under timeout(1), so that it ends even when nobody
// listens any more, and watches its own standard input: the end of it (a
// cancelled command, a lost connection) ends the command too. That works as root,
// under sudo and without a terminal, where signals over SSH do not.
type Script struct {
	Argv []string
	Sudo bool
	// Timeout is rounded up to a second.
	Timeout time.Duration
	// StdinSize is the size of the base64 text that follows the script, 0 for
	// none; see EncodeStdin.
	StdinSize int
	// Marker is a random word.
	Marker string
}

const (
	prelude = `PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin" LC_ALL=C
export PATH LC_ALL
`
	openGroup     = "{\n"
	closeGroup    = "}\n"
	sudoPrefix    = "exec sudo -n -- /bin/sh -c "
	openWatch     = "exec 3<&0 </dev/null\n"
	stdinPrefix   = "d=$(head -c "
	stdinSuffix   = " <&3)\n[ ${#d} -eq "
	stdinCheck    = " ] || exit 125\n"
	stdinPipe     = "printf %s \"$d\" | base64 -d | "
	commandPrefix = "timeout -k 5 "
	// The watcher reads one line that never comes. It is killed rather than left
	// waiting, and being a builtin it leaves no process behind.
	watch = ` 3<&- &
p=$!
{ read -r _; kill -TERM $p; } <&3 >/dev/null 2>&1 &
w=$!
exec 3<&- 2>/dev/null
wait $p
s=$?
kill $w
exit $s
`
)

// EncodeStdin is the form in which the input of a command follows its script.
// The script reads all of it before the command starts.
func EncodeStdin(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// bootstrap is in single quotes without backslash, newline or "!" inside, which
// mean the same to sh, bash, zsh, fish and tcsh.
const (
	bootstrapHead = `exec /bin/sh -c 'eval "$(head -c `
	bootstrapTail = `)"'`
)

// Bootstrap is the command line that the login shell gets for a script of size
// bytes.
func Bootstrap(size int) string { return bootstrapHead + strconv.Itoa(size) + bootstrapTail }

// ParseBootstrap reads the size from what [Bootstrap] rendered.
func ParseBootstrap(line string) (size int, err error) {
	size, err = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(line, bootstrapHead), bootstrapTail))
	if err != nil || line != Bootstrap(size) {
		return 0, errNotScript
	}
	return size, nil
}

// ReachedHost is printed on stdout and stderr once /bin/sh runs the script.
func (s Script) ReachedHost() string { return s.Marker + "-host\n" }

// Begin is printed on stdout and stderr right before the command starts, under
// sudo by root already.
func (s Script) Begin() string { return s.Marker + "-run\n" }

// Text renders the script. It fails like [Render], and with [ErrTooLong].
func (s Script) Text() (string, error) {
	command, err := Render(s.Argv)
	if err != nil {
		return "", err
	}
	pipe, body := "", openGroup+prelude+openWatch
	if s.StdinSize > 0 {
		size := strconv.Itoa(s.StdinSize)
		body += stdinPrefix + size + stdinSuffix + size + stdinCheck
		pipe = stdinPipe
	}
	seconds := int((s.Timeout + time.Second - 1) / time.Second)
	body += printBoth(s.Begin()) + pipe + commandPrefix + strconv.Itoa(seconds) + " " + command + watch + closeGroup
	text := openGroup + prelude + printBoth(s.ReachedHost())
	if s.Sudo {
		text += sudoPrefix + Quote(body) + "\n" + closeGroup
	} else {
		text += body + closeGroup
	}
	if len(text) > maxScript {
		return "", fmt.Errorf("render %s: %w: %d bytes, at most %d", Quote(s.Argv[0]), ErrTooLong, len(text), maxScript)
	}
	return text, nil
}

func printBoth(line string) string {
	word := strings.TrimSuffix(line, "\n")
	return "echo " + word + "; echo " + word + " >&2\n"
}

var errNotScript = errors.New("parse script: not a script of this package")

// ParseScript reads what [Script.Text] rendered.
func ParseScript(text string) (Script, error) {
	var s Script
	rest, ok := strings.CutPrefix(text, openGroup+prelude+"echo ")
	if !ok {
		return s, errNotScript
	}
	s.Marker, _, ok = strings.Cut(rest, "-host;")
	if !ok {
		return s, errNotScript
	}
	body := strings.TrimPrefix(text, openGroup+prelude+printBoth(s.ReachedHost()))
	if quoted, sudo := strings.CutPrefix(body, sudoPrefix); sudo {
		inner, _, err := unquote(quoted)
		if err != nil {
			return s, errNotScript
		}
		s.Sudo, body = true, inner
	} else {
		body = strings.TrimSuffix(body, closeGroup)
	}
	body, ok = strings.CutPrefix(body, openGroup+prelude+openWatch)
	if !ok {
		return s, errNotScript
	}
	if after, has := strings.CutPrefix(body, stdinPrefix); has {
		size, _, _ := strings.Cut(after, stdinSuffix)
		n, err := strconv.Atoi(size)
		if err != nil {
			return s, errNotScript
		}
		s.StdinSize = n
		body = strings.TrimPrefix(after, size+stdinSuffix+size+stdinCheck)
	}
	body, ok = strings.CutPrefix(body, printBoth(s.Begin()))
	if !ok {
		return s, errNotScript
	}
	return s, s.parseCommand(strings.TrimPrefix(body, stdinPipe))
}

func (s *Script) parseCommand(body string) error {
	body, ok := strings.CutPrefix(body, commandPrefix)
	seconds, rest, found := strings.Cut(body, " ")
	n, err := strconv.Atoi(seconds)
	if !ok || !found || err != nil {
		return errNotScript
	}
	s.Timeout = time.Duration(n) * time.Second
	for {
		var word string
		word, rest, err = unquote(rest)
		if err != nil {
			return errNotScript
		}
		s.Argv = append(s.Argv, word)
		if rest == watch+closeGroup {
			return nil
		}
		if rest, ok = strings.CutPrefix(rest, " "); !ok {
			return errNotScript
		}
	}
}
