package cmd

import (
	"errors"
	"fmt"
	"strings"
)

// shellWord is a word of a line, without its quotes.
type shellWord struct {
	text string
	// start and end are byte offsets of the word in the line, quotes included.
	start, end int
	// quoted is set when the word stands in the line otherwise than as text.
	quoted bool
}

// errOpenQuote is returned for text that more lines may complete: a quote is
// open, or a backslash is last.
var errOpenQuote = errors.New("a quote is not closed")

// splitShell splits text into commands and those into words, by the quoting of
// a POSIX shell: 'as it is', "with \" and \\", \x, # comments, and commands
// apart by ; or the end of a line. Nothing is expanded, so $ ` * ? ~ are
// ordinary. Characters by which a real shell would do something that this one
// cannot have to be quoted. Commands without words are left out.
func splitShell(text string) (commands [][]shellWord, err error) {
	s := shellSplitter{text: text}
	for s.at < len(text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.endWord()
	s.endCommand()
	return s.commands, nil
}

type shellSplitter struct {
	text     string
	at       int
	commands [][]shellWord
	words    []shellWord
	word     strings.Builder
	start    int
	inWord   bool
	quoted   bool
}

// step reads what begins at the current place: one character, or all between
// two quotes.
func (s *shellSplitter) step() error {
	switch c := s.text[s.at]; c {
	case ' ', '\t', '\r':
		s.endWord()
	case '\n', ';':
		s.endWord()
		s.endCommand()
	case '#':
		if s.inWord {
			s.add(c)
			break
		}
		if end := strings.IndexByte(s.text[s.at:], '\n'); end > 0 {
			s.at += end
		} else {
			s.at = len(s.text)
		}
		return nil
	case '\\':
		return s.escaped()
	case '\'':
		end := strings.IndexByte(s.text[s.at+1:], '\'')
		if end < 0 {
			return errOpenQuote
		}
		s.begin(true)
		s.word.WriteString(s.text[s.at+1 : s.at+1+end])
		s.at += end + 1
	case '"':
		return s.doubleQuoted()
	case '|', '&', '<', '>', '(', ')':
		return &usageError{
			fmt.Errorf("unquoted %q at character %d: there are no pipes and no redirections here", c, s.at+1),
			"put arguments that contain it into single quotes, as in --jq '.a | .b'",
		}
	default:
		s.add(c)
	}
	s.at++
	return nil
}

// escaped takes the character behind a backslash as it is; the end of a line
// vanishes.
func (s *shellSplitter) escaped() error {
	if s.at+1 == len(s.text) {
		return errOpenQuote
	}
	if next := s.text[s.at+1]; next != '\n' {
		s.begin(true)
		s.word.WriteByte(next)
	}
	s.at += 2
	return nil
}

// doubleQuoted takes what is between double quotes. A backslash is special only
// before what would be special without it.
func (s *shellSplitter) doubleQuoted() error {
	s.begin(true)
	for i := s.at + 1; i < len(s.text); i++ {
		c := s.text[i]
		switch {
		case c == '"':
			s.at = i + 1
			return nil
		case c == '\\' && i+1 < len(s.text) && s.text[i+1] == '\n':
			i++
		case c == '\\' && i+1 < len(s.text) && strings.IndexByte("$`\"\\", s.text[i+1]) >= 0:
			i++
			s.word.WriteByte(s.text[i])
		default:
			s.word.WriteByte(c)
		}
	}
	return errOpenQuote
}

func (s *shellSplitter) add(c byte) {
	s.begin(false)
	s.word.WriteByte(c)
}

func (s *shellSplitter) begin(quoted bool) {
	if !s.inWord {
		s.inWord, s.start = true, s.at
	}
	s.quoted = s.quoted || quoted
}

func (s *shellSplitter) endWord() {
	if s.inWord {
		s.words = append(s.words, shellWord{s.word.String(), s.start, min(s.at, len(s.text)), s.quoted})
	}
	s.word.Reset()
	s.inWord, s.quoted = false, false
}

func (s *shellSplitter) endCommand() {
	if len(s.words) > 0 {
		s.commands = append(s.commands, s.words)
	}
	s.words = nil
}

// wordTexts are the words as the program gets them.
func wordTexts(words []shellWord) []string {
	texts := make([]string, len(words))
	for i := range words {
		texts[i] = words[i].text
	}
	return texts
}
