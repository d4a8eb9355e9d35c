package manual

import (
	"fmt"
	"strings"
)

// ManFile is the name of the file of a man page. Commands are in section 1,
// topics in section 7.
func (p *Page) ManFile() string { return p.Name() + "." + manSection(p.Topic()) }

func manSection(topic bool) string {
	if topic {
		return "7"
	}
	return "1"
}

// Man is the page in man's own language (man(7)). It has no date, so that it is
// the same whenever it is made.
func (p *Page) Man() []byte {
	w := new(roff)
	w.line(`.TH "%s" "%s" "" "%s" "%s manual"`, strings.ToUpper(p.Name()), manSection(p.Topic()), p.Path[0], p.Path[0])
	w.line(".nh\n.ad l") // names of flags are not to be broken, and gaps not to be stretched
	w.section("NAME")
	w.fill(p.Name() + " - " + p.Short)
	if !p.Topic() {
		w.section("SYNOPSIS")
		for i, s := range p.Synopsis {
			if i > 0 {
				w.line(".br")
			}
			w.line("%s", strings.TrimSpace(bold(strings.Join(p.Path, " "))+" "+escape(s)))
		}
	}
	var after []Section // what goes behind the options
	for i, s := range p.Sections {
		if s.Heading != "" {
			after = append(after, p.Sections[i])
			continue
		}
		w.section("DESCRIPTION")
		w.blocks(s.Blocks)
	}
	if len(p.Commands) > 0 {
		w.section("COMMANDS")
		var list compact
		for _, c := range p.Commands {
			list.item(w, reference(c), c.Short)
		}
		list.end(w)
	}
	w.flags("OPTIONS", p.Flags)
	w.flags("GLOBAL OPTIONS", p.Global)
	if len(p.Examples) > 0 {
		w.section("EXAMPLES")
		w.line(".nf")
		for _, e := range p.Examples {
			w.line("%s", escape(e))
		}
		w.line(".fi")
	}
	for _, s := range after {
		w.section(s.Heading)
		w.blocks(s.Blocks)
	}
	if len(p.See) > 0 {
		w.section("SEE ALSO")
		links := make([]string, 0, len(p.See))
		for _, link := range p.See {
			links = append(links, reference(link))
		}
		w.line("%s", strings.Join(links, ",\n"))
	}
	return []byte(w.String())
}

type roff struct{ strings.Builder }

func (w *roff) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *roff) section(name string) { w.line(".SH %s", name) }

func (w *roff) blocks(blocks []Block) {
	for i, b := range blocks {
		switch b.Kind {
		case Paragraph:
			if i > 0 {
				w.line(".PP")
			}
			w.fill(b.Text)
		case Indented:
			w.line(".RS 2")
			w.fill(b.Text)
			w.line(".RE")
		case Heading:
			w.line(".SS %s", escape(b.Text))
		case List:
			var c compact
			for _, it := range b.Items {
				c.item(w, bold(it.Term), it.Text)
			}
			c.end(w)
		}
	}
}

// item is an element of a list; its term is escaped already.
func (w *roff) item(term, text string) {
	w.line(".TP\n%s", term)
	w.fill(text)
}

// compact is a list without empty lines between its items.
type compact bool

func (c *compact) item(w *roff, term, text string) {
	w.item(term, text)
	if !*c {
		w.line(".PD 0") // but for the first one, which stands off from what is above
	}
	*c = true
}

func (c *compact) end(w *roff) { w.line(".PD") }

// fill writes text in lines that can be compared; man breaks them anew.
func (w *roff) fill(text string) {
	const width = 76
	line := ""
	for word := range strings.FieldsSeq(text) {
		word = escape(word) // any may come to stand first
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			w.line("%s", line)
			line = word
		default:
			line += " " + word
		}
	}
	w.line("%s", line)
}

func (w *roff) flags(heading string, flags []Flag) {
	if len(flags) == 0 {
		return
	}
	w.section(heading)
	for _, f := range flags {
		term := bold("--" + f.Name)
		if f.Shorthand != "" {
			term = bold("-"+f.Shorthand) + ", " + term
		}
		if f.Value != "" {
			term += ` \fI` + escape(f.Value) + `\fR`
		}
		text := f.Usage
		if f.Default != "" {
			text += " (default " + f.Default + ")"
		}
		w.item(term, text)
	}
}

// reference names another page as in ls(1).
func reference(l Link) string {
	return bold(strings.Join(l.Path, "-")) + "(" + manSection(l.Topic) + ")"
}

func bold(text string) string { return `\fB` + escape(text) + `\fR` }

// escape keeps text from being taken for instructions. Hyphens stay what they
// are, so that command lines can be copied.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
