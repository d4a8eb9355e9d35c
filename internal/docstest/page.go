// Package docstest keeps the Chinese documents in step with the English ones:
// whatever is no prose (commands, names, numbers, tables, links) has to agree.
package docstest

import (
	"regexp"
	"slices"
	"strings"
)

// Page is a Markdown document, taken apart.
type Page struct {
	Title    string // of the first line, without "# "
	Sections []Section
	Links    []string // targets, in order
}

// Section is what stands below one heading, up to the next.
type Section struct {
	Heading string   // without the number signs; that of the first is the title
	Level   int      // of the heading
	Blocks  []Block  // fenced code
	Rows    []string // of tables
	Prose   string   // all lines that are not in Blocks, those of Rows included
}

// Block is fenced code. Info is what follows the opening fence.
type Block struct {
	Info  string
	Lines []string
}

var (
	headingLine = regexp.MustCompile(`^(#+) (.*)$`)
	linkTarget  = regexp.MustCompile(`\]\(([^)]*)\)`)
	codeSpan    = regexp.MustCompile("`[^`]*`")
	number      = regexp.MustCompile(`\d+(?:[.,]\d+)*`)
	hyphenated  = regexp.MustCompile(`[a-z]+(?:[-_][a-z]+)+`)
	word        = regexp.MustCompile(`[a-z]+`)
)

// Parse takes a document apart.
func Parse(text string) Page {
	var page Page
	var block *Block
	for line := range strings.SplitSeq(text, "\n") {
		heading := headingLine.FindStringSubmatch(line)
		info, fence := strings.CutPrefix(line, "```")
		switch last := len(page.Sections) - 1; {
		case block != nil && fence:
			page.Sections[last].Blocks = append(page.Sections[last].Blocks, *block)
			block = nil
		case block != nil:
			block.Lines = append(block.Lines, line)
		case heading != nil:
			page.Sections = append(page.Sections, Section{Heading: heading[2], Level: len(heading[1])})
		case last < 0: // nothing may stand above the title; the tests see that it is missing
		case fence:
			block = &Block{Info: info}
		default:
			s := &page.Sections[last]
			s.Prose += line + "\n"
			if strings.HasPrefix(line, "|") {
				s.Rows = append(s.Rows, line)
			}
			for _, m := range linkTarget.FindAllStringSubmatch(line, -1) {
				page.Links = append(page.Links, m[1])
			}
		}
	}
	if len(page.Sections) > 0 {
		page.Title = page.Sections[0].Heading
	}
	return page
}

// spans are the code spans of a section, sorted.
func (s *Section) spans() []string {
	list := codeSpan.FindAllString(s.Heading+"\n"+s.Prose, -1)
	for i := range list {
		list[i] = strings.Join(strings.Fields(list[i]), " ") // one may be broken at the end of a line
	}
	slices.Sort(list)
	return list
}

// words is the prose of a section without code spans and the targets of links.
func (s *Section) words() string {
	return linkTarget.ReplaceAllString(codeSpan.ReplaceAllString(s.Heading+"\n"+s.Prose, "`"), "]")
}

// numbers are those of a section that are written in digits, each once.
func (s *Section) numbers() map[string]bool {
	set := map[string]bool{}
	for _, n := range number.FindAllString(s.words(), -1) {
		set[n] = true
	}
	return set
}

// spelled are the numbers that English writes as words.
var spelled = map[string]string{
	"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
	"nine": "9", "ten": "10", "thirty": "30", "once": "1", "twice": "2", "sixty": "60", "million": "1,000,000",
}

// cells of a row of a table.
func cells(row string) []string {
	list := strings.Split(strings.Trim(row, "|"), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// command is the part of a comment in code that is to be typed, or "".
func command(comment string) string {
	first := -1
	for _, program := range []string{"pd-ctl ", "curl ", "ALTER TABLE ", "ebb "} {
		if i := strings.Index(comment, program); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		return ""
	}
	return comment[first:]
}
