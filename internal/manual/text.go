package manual

import (
	"regexp"
	"strings"
	"unicode"
)

// Section is part of a help text below a heading in capitals. The first one has
// no heading.
type Section struct {
	Heading string
	Blocks  []Block
}

// Kind tells what a Block is.
type Kind int

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Indented       // a paragraph that is set in
	Heading        // a line with what is set in below it
	List           // terms, each with what is said of it
)

// Block is a paragraph, a heading or a list. Text has its lines joined.
type Block struct {
	Kind  Kind
	Text  string
	Items []Item
}

// Item is an element of a list.
type Item struct{ Term, Text string }

var (
	capitals = regexp.MustCompile(`^[A-Z][A-Z ]+$`)
	item     = regexp.MustCompile(`^ {2,}(\S+(?: \S+)*) {2,}(\S.*)$`)
)

// parse takes a help text apart. Text that is set in by two columns or more is a
// list where terms stand apart from what is said of them by two blanks or more,
// or stand alone above it, else a paragraph. Lines of what goes on are set in
// further.
func parse(text string) []Section {
	r := reader{sections: make([]Section, 1)}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		next := ""
		if i+1 < len(lines) {
			next = lines[i+1]
		}
		r.line(line, next)
	}
	if r.sections[0].Blocks == nil {
		r.sections = r.sections[1:]
	}
	return r.sections
}

// reader holds the sections so far. open is set while the last block goes on.
type reader struct {
	sections []Section
	open     bool
}

func (r *reader) line(line, next string) {
	indented := strings.HasPrefix(line, "  ")
	found := item.FindStringSubmatch(line)
	switch {
	case strings.TrimSpace(line) == "":
		r.open = false
	case capitals.MatchString(line):
		r.sections = append(r.sections, Section{Heading: line})
		r.open = false
	case found != nil:
		r.item(Item{found[1], found[2]})
	case indented && alone(line, next):
		r.item(Item{Term: strings.TrimSpace(line)})
	case indented && r.open && r.last().Kind == List:
		items := r.last().Items
		text := &items[len(items)-1].Text
		*text = strings.TrimSpace(*text + " " + strings.TrimSpace(line))
	case indented:
		r.text(Indented, strings.TrimSpace(line))
	case !r.open && strings.HasPrefix(next, "  ") && !endsSentence(line):
		r.text(Heading, line)
	default:
		r.text(Paragraph, line)
	}
}

// alone reports a term that has no room beside what is said of it.
func alone(line, next string) bool {
	const least = 8 // columns that what is said is set in, at least
	return strings.TrimSpace(next) != "" && strings.HasPrefix(next, strings.Repeat(" ", least)) && item.FindString(next) == "" &&
		!strings.HasPrefix(line, "   ")
}

func endsSentence(line string) bool {
	last := rune(line[len(line)-1])
	return unicode.IsPunct(last) && last != ')'
}

func (r *reader) blocks() *[]Block { return &r.sections[len(r.sections)-1].Blocks }

// last is the last block; there is one while open is set.
func (r *reader) last() *Block {
	blocks := *r.blocks()
	return &blocks[len(blocks)-1]
}

func (r *reader) text(kind Kind, text string) {
	if r.open && r.last().Kind == kind {
		r.last().Text += " " + text
		return
	}
	*r.blocks() = append(*r.blocks(), Block{Kind: kind, Text: text})
	r.open = true
}

func (r *reader) item(it Item) {
	if !r.open || r.last().Kind != List {
		*r.blocks() = append(*r.blocks(), Block{Kind: List})
	}
	r.last().Items = append(r.last().Items, it)
	r.open = true
}
