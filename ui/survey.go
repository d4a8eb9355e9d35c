package ui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/core"
	"github.com/AlecAivazis/survey/v2/terminal"
)

// The answer to a yes-or-no question that was said yes to, and the one that
// stands for no, or for no answer at all.
const (
	yes      = "yes"
	noAnswer = ""
)

// question is one question in the two ways to ask it: with survey, and as a
// plain line on a terminal that cannot redraw.
type question interface {
	survey(opt survey.AskOpt) (string, error)
	line() string
	parse(typed string) string
}

type yesNo string

func (q yesNo) survey(opt survey.AskOpt) (string, error) {
	said := false
	if err := survey.AskOne(&survey.Confirm{Message: string(q)}, &said, opt); err != nil || !said {
		return noAnswer, err
	}
	return yes, nil
}

func (q yesNo) line() string { return string(q) + " (y/N) " }

func (q yesNo) parse(typed string) string {
	switch strings.ToLower(strings.TrimSpace(typed)) {
	case "y", "yes":
		return yes
	}
	return noAnswer
}

type typeText string

func (q typeText) survey(opt survey.AskOpt) (string, error) {
	typed := ""
	err := survey.AskOne(&survey.Input{Message: string(q)}, &typed, opt)
	return typed, err
}

func (q typeText) line() string              { return string(q) + " " }
func (q typeText) parse(typed string) string { return typed }

// surveyInUse serialises prompts: survey keeps its colour switch in a package
// variable.
var surveyInUse sync.Mutex

// askSurvey asks on stdin and stderr. survey's default, stdout, would write
// escape sequences into redirected data and then wait for the reply of a
// terminal that is not there.
func askSurvey(s *Streams, in *keyboard, q question) (answer string, err error) {
	out, ok := s.Err.w.(*os.File)
	if !ok {
		return noAnswer, ErrNotTerminal
	}
	surveyInUse.Lock()
	defer surveyInUse.Unlock()
	defer func() {
		// survey dereferences the position of the cursor even when the terminal
		// did not tell it.
		if r := recover(); r != nil {
			answer, err = noAnswer, fmt.Errorf("prompt failed: %v", r)
		}
	}()
	core.DisableColor = !s.Err.Color()
	answer, err = q.survey(survey.WithStdio(in, out, out))
	if errors.Is(err, terminal.InterruptErr) {
		err = ErrInterrupted
	}
	return answer, err
}

// askLine asks on a terminal that cannot move its cursor. The terminal stays in
// line mode, so that it echoes and edits, and Ctrl-C is a signal as usual.
func askLine(s *Streams, in *keyboard, q question) (string, error) {
	if _, err := io.WriteString(s.Err, q.line()); err != nil {
		return noAnswer, err
	}
	typed, err := in.readLine()
	if err != nil {
		fmt.Fprintln(s.Err)
		return noAnswer, err
	}
	return q.parse(typed), nil
}
