package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/kevinburke/ssh_config"
)

// settings are what ssh_config says about one host. Keys are lower case; the
// first value wins.
type settings map[string][]string

func (s settings) first(key string) string {
	if values := s[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// configKeys are the settings that are honoured here. proxycommand is among them
// in order to be refused.
var configKeys = []string{
	"hostname", "port", "user", "identityfile", "identitiesonly", "identityagent", "proxyjump", "proxycommand",
	"userknownhostsfile", "globalknownhostsfile", "stricthostkeychecking", "connecttimeout", "hostkeyalias",
}

// configuration reads ssh_config. Plain files are parsed here; where they hold
// what only ssh itself can decide, ssh is asked ("ssh -G"), and where there is no
// ssh the host is refused rather than reached in another way than was meant.
type configuration struct {
	files  []string
	chosen bool // the caller chose the files

	load    sync.Once
	parsed  []*ssh_config.Config
	needSSH string // why ssh must be asked, "" when it need not
	err     error
}

func newConfiguration(o Options) *configuration {
	c := &configuration{files: o.ConfigFiles, chosen: o.ConfigFiles != nil}
	if !c.chosen {
		c.files = []string{filepath.Join(o.Home, ".ssh", "config"), "/etc/ssh/ssh_config"}
	}
	return c
}

func (c *configuration) parse() {
	for _, file := range c.files {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && !c.chosen {
			continue
		}
		if err != nil {
			c.err = err
			return
		}
		if why := conditional(file, string(content), 0); why != "" {
			c.needSSH = why
			return
		}
		parsed, err := ssh_config.DecodeBytes(content)
		if err != nil {
			// Perhaps ssh understands it; if not, it says so better.
			c.needSSH = fmt.Sprintf("%s: %v", file, err)
			return
		}
		c.parsed = append(c.parsed, parsed)
	}
}

// of returns the settings of a host as it was named.
func (c *configuration) of(ctx context.Context, t Target) (settings, error) {
	c.load.Do(c.parse)
	switch {
	case c.err != nil:
		return nil, &ConfigError{Host: t.Host, Err: c.err}
	case c.needSSH != "":
		return c.askSSH(ctx, t)
	}
	s := settings{}
	for _, key := range configKeys {
		for _, parsed := range c.parsed {
			values, err := parsed.GetAll(t.Host, key)
			if err != nil {
				return nil, &ConfigError{Host: t.Host, Err: err}
			}
			s[key] = append(s[key], values...)
		}
	}
	return s, nil
}

// askSSH has ssh print the settings of a host. It reads the files itself, with
// everything they can hold.
func (c *configuration) askSSH(ctx context.Context, t Target) (settings, error) {
	args := []string{"-G"}
	if c.chosen {
		if len(c.files) != 1 {
			return nil, &ConfigError{Host: t.Host, Err: fmt.Errorf("%s, and only one file can be given to ssh", c.needSSH)}
		}
		args = append(args, "-F", c.files[0])
	}
	if t.User != "" {
		args = append(args, "-l", t.User)
	}
	if t.Port != 0 {
		args = append(args, "-p", fmt.Sprint(t.Port))
	}
	out, err := exec.CommandContext(ctx, "ssh", append(args, "--", t.Host)...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = errors.New(lastLine(exit.Stderr))
		}
		return nil, &ConfigError{
			Host: t.Host, Err: fmt.Errorf("%s, and ssh -G failed: %w", c.needSSH, err),
			hint: "install the ssh client, or give a configuration without it",
		}
	}
	s := settings{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		s[key] = append(s[key], value)
	}
	return s, nil
}

// maxIncludes is how deep OpenSSH follows Include.
const maxIncludes = 16

// conditional finds what only ssh can decide in a file and those it includes, and
// says what and where.
func conditional(file, content string, depth int) string {
	line := 0
	for text := range strings.Lines(content) {
		line++
		key, value := splitSetting(text)
		at := fmt.Sprintf("%s:%d", file, line)
		switch key {
		case "match":
			if !strings.EqualFold(value, "all") {
				return at + `: "Match" needs ssh to decide`
			}
		case "canonicalizehostname":
			if !strings.EqualFold(value, "no") {
				return at + `: "CanonicalizeHostname" needs ssh to decide`
			}
		case "include":
			for _, included := range includes(file, value) {
				inner, err := os.ReadFile(included)
				if err != nil || depth >= maxIncludes {
					continue // the parser follows it as well, and reports it
				}
				if why := conditional(included, string(inner), depth+1); why != "" {
					return why
				}
			}
		}
	}
	return ""
}

// splitSetting splits "Key value" or "key=value"; the key comes in lower case.
func splitSetting(text string) (key, value string) {
	text = strings.TrimSpace(text)
	end := strings.IndexAny(text, " \t=")
	if end < 0 {
		return strings.ToLower(text), ""
	}
	return strings.ToLower(text[:end]), strings.Trim(text[end:], " \t=\"")
}

func includes(file, patterns string) []string {
	var found []string
	for pattern := range strings.FieldsSeq(patterns) {
		pattern = strings.Trim(pattern, `"`)
		home, _ := os.UserHomeDir() // as the parser does
		switch {
		case filepath.IsAbs(pattern):
		case strings.HasPrefix(pattern, "~/"):
			pattern = filepath.Join(home, pattern[2:])
		case strings.HasPrefix(file, "/etc/ssh/"):
			pattern = filepath.Join("/etc/ssh", pattern)
		default:
			pattern = filepath.Join(home, ".ssh", pattern)
		}
		matches, err := filepath.Glob(pattern)
		if err == nil {
			found = append(found, matches...)
		}
	}
	return found
}
