package sshexec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNUL means that an argument holds a NUL byte, which no program can be given.
var ErrNUL = errors.New("argument holds a NUL byte")

// ErrNoArguments means a command without a program to run.
var ErrNoArguments = errors.New("command is empty")

// bareBytes may stand outside quotes anywhere in a command: no shell gives them a
// meaning. "=" is not among them (an assignment), nor is "~".
const bareBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,"

// reserved words mean something when they stand first.
var reserved = []string{
	"case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function",
	"if", "in", "select", "then", "time", "until", "while",
}

// Quote renders one argument so that /bin/sh reads exactly these bytes again. It
// is the only place where text becomes shell. A NUL byte cannot be rendered; see
// [Render].
func Quote(arg string) string {
	if arg != "" && strings.Trim(arg, bareBytes) == "" && !slices.Contains(reserved, arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// Render joins a command into one line of /bin/sh. It fails with [ErrNUL] and
// [ErrNoArguments].
func Render(argv []string) (string, error) {
	if len(argv) == 0 || argv[0] == "" {
		return "", fmt.Errorf("render command: %w", ErrNoArguments)
	}
	words := make([]string, len(argv))
	for i, arg := range argv {
		if strings.ContainsRune(arg, 0) {
			return "", fmt.Errorf("render argument %d of %s: %w", i, Quote(strings.ReplaceAll(argv[0], "\x00", "")), ErrNUL)
		}
		words[i] = Quote(arg)
	}
	return strings.Join(words, " "), nil
}

// errNotRendered: text that Render does not produce.
var errNotRendered = errors.New("not a rendered command")

// unquote reads one word as Quote wrote it and returns what follows.
func unquote(text string) (word, rest string, err error) {
	if !strings.HasPrefix(text, "'") {
		end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(bareBytes, r) })
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return "", "", errNotRendered
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for rest = text[1:]; ; {
		part, after, found := strings.Cut(rest, "'")
		if !found {
			return "", "", errNotRendered
		}
		b.WriteString(part)
		if next, more := strings.CutPrefix(after, `\''`); more {
			b.WriteByte('\'')
			rest = next
			continue
		}
		return b.String(), after, nil
	}
}
