package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFileBytes is ten times the meta.yaml of a cluster of a thousand stores.
const maxFileBytes = 4 << 20

var byteOrderMark = []byte("\xef\xbb\xbf")

// readTree parses the one YAML document of a file. The problems carry no file
// name. A nil tree means that nothing can be read at all; with a tree, problems
// are duplicate keys and the like.
func readTree(data []byte) (*value, []Problem) {
	text := bytes.TrimPrefix(data, byteOrderMark)
	if p := checkText(text); p != nil {
		return nil, []Problem{*p}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, []Problem{{Line: 1, Column: 1, Message: "the file is empty"}}
	case err != nil:
		return nil, []Problem{syntaxProblem(text, err)}
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, []Problem{{
			Line: next.Line, Column: next.Column, Message: "a second YAML document starts here",
			Hint: "keep one document per file: remove the '---' line and what does not belong to this cluster",
		}}
	case !errors.Is(err, io.EOF):
		return nil, []Problem{syntaxProblem(text, err)}
	}
	x := &expander{budget: countNodes(&doc) + maxAliasValues, open: map[*yaml.Node]bool{}, reported: map[*yaml.Node]bool{}}
	root := x.expand(doc.Content[0], "", 0)
	if x.fatal {
		return nil, x.problems
	}
	return root, x.problems
}

func checkText(text []byte) *Problem {
	switch {
	case len(text) > maxFileBytes:
		return &Problem{Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes, more than any topology (limit %d)", len(text), maxFileBytes)}
	case !utf8.Valid(text):
		at := 0
		for at < len(text) {
			r, n := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		line := 1 + bytes.Count(text[:at], []byte("\n"))
		start := bytes.LastIndexByte(text[:at], '\n') + 1
		return &Problem{
			Line: line, Column: 1 + utf8.RuneCount(text[start:at]), Message: "the text is not UTF-8",
			Hint: "save the file as UTF-8",
		}
	}
	return nil
}

// yamlPrefix is what yaml.v3 puts before its messages. Its errors have no fields,
// and the line is that of the enclosing block, so only the message is kept.
var yamlPrefix = regexp.MustCompile(`^yaml: (unmarshal errors:\s*)?(line \d+: )?(offset \d+: )?`)

// syntaxProblem places a syntax error: at the first line that cannot be added to
// the text before it. A binary search needs few parses and always ends on a line
// where the prefix turns from readable to unreadable.
func syntaxProblem(text []byte, err error) Problem {
	lines := splitLines(text)
	bad := 1 + sort.Search(len(lines), func(i int) bool {
		var doc yaml.Node
		dec := yaml.NewDecoder(bytes.NewReader(text[:lines[i].end]))
		for {
			if err := dec.Decode(&doc); err != nil {
				return !errors.Is(err, io.EOF)
			}
		}
	})
	p := Problem{Line: min(bad, len(lines)), Message: "read YAML: " + yamlPrefix.ReplaceAllString(err.Error(), "")}
	content := text[lines[p.Line-1].start:lines[p.Line-1].end]
	blank := content[:len(content)-len(bytes.TrimLeft(content, " \t"))]
	p.Column = 1 + len(blank)
	if tab := bytes.IndexByte(blank, '\t'); tab >= 0 {
		p.Column, p.Message = tab+1, "read YAML: a tab in the indentation"
		p.Hint = "indent with spaces: YAML does not allow tabs there"
	}
	return p
}

func (v *value) decode(out any) bool {
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: v.tag, Value: v.text}
	return n.Decode(out) == nil
}
