package systemd

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Restart policies.
const (
	restartAlways    = "always"
	restartOnFailure = "on-failure"
)

// defaultStopTimeout is systemd's DefaultTimeoutStopSec, which tiup's units keep.
const defaultStopTimeout = 90 * time.Second

// Definition is the part of a unit file that matters here.
type Definition struct {
	Description  string
	User         string
	ExecStart    []string
	Restart      string
	RestartAfter time.Duration
	TimeoutStop  time.Duration
	NoSIGKILL    bool // SendSIGKILL=no
	WantedBy     []string
}

// Parse reads a unit file. Settings that are not known are skipped, as systemd
// skips them with a line in its journal.
func Parse(text string) (Definition, error) {
	d := Definition{Restart: "no", RestartAfter: 100 * time.Millisecond, TimeoutStop: defaultStopTimeout}
	for line := range strings.Lines(text) {
		key, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if !found || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
			continue
		}
		if err := d.set(key, strings.TrimSpace(value)); err != nil {
			return d, err
		}
	}
	if len(d.ExecStart) == 0 {
		return d, errors.New("service has no ExecStart= setting")
	}
	return d, nil
}

func (d *Definition) set(key, value string) (err error) {
	switch key {
	case "Description":
		d.Description = value
	case "User":
		d.User = value
	case "ExecStart":
		d.ExecStart, err = splitWords(value)
	case "Restart":
		d.Restart = value
	case "RestartSec":
		d.RestartAfter, err = seconds(value)
	case "TimeoutStopSec":
		d.TimeoutStop, err = seconds(value)
	case "SendSIGKILL":
		d.NoSIGKILL = value == "no" || value == "false"
	case "WantedBy":
		d.WantedBy = append(d.WantedBy, strings.Fields(value)...)
	}
	return err
}

// seconds reads a time span; a bare number is in seconds.
func seconds(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(n * float64(time.Second)), nil
	}
	return time.ParseDuration(text)
}

// splitWords splits a command line at blanks that are not quoted.
func splitWords(text string) ([]string, error) {
	var (
		words  []string
		word   strings.Builder
		inWord bool
		quote  rune
	)
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errors.New("unbalanced quoting")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
