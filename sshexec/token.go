package sshexec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// expandTokens replaces %h and the like. A token that is not known here is an
// error: leaving it would name another file than ssh uses.
func expandTokens(text string, tokens map[byte]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", fmt.Errorf("%q ends in %%", text)
		}
		value, ok := tokens[text[i]]
		switch {
		case text[i] == '%':
			value = "%"
		case !ok:
			return "", fmt.Errorf("%q: %%%c is not supported", text, text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// expandPath replaces "~", ${VARIABLES} and tokens. A variable that is not set is
// an error, as it is for ssh.
func expandPath(home, text string, tokens map[byte]string) (string, error) {
	if text == "~" || strings.HasPrefix(text, "~/") {
		text = filepath.Join(home, text[1:])
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, rest, closed := strings.Cut(after, "}")
		value, set := os.LookupEnv(name)
		if !closed || !set {
			return "", fmt.Errorf("%q: variable %s is not set", text, name)
		}
		b.WriteString(value)
		text = rest
	}
	text = b.String()
	return expandTokens(text, tokens)
}

// agentSocket chooses the agent: what the caller said, then ssh_config, then the
// environment. "" is none.
func agentSocket(o Options, configured string, tokens map[byte]string) (string, error) {
	socket := o.Agent
	if socket == "" {
		socket = configured
	}
	if name, ok := strings.CutPrefix(socket, "$"); ok && !strings.HasPrefix(name, "{") {
		return os.Getenv(name), nil
	}
	switch socket {
	case "none":
		return "", nil
	case "", "SSH_AUTH_SOCK":
		return os.Getenv("SSH_AUTH_SOCK"), nil
	}
	return expandPath(o.Home, socket, tokens)
}
