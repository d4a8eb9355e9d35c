package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// MarkdownFile is the name of the file of a Markdown page.
func (p *Page) MarkdownFile() string { return p.Name() + ".md" }

// markdown is a page that is being written.
type markdown struct {
	strings.Builder
	page *Page
}

// Markdown is the page for the web.
func (p *Page) Markdown() []byte {
	w := &markdown{page: p}
	fmt.Fprintf(w, "# %s\n\n%s.\n", strings.Join(p.Path, " "), literal(p.Short))
	if !p.Topic() {
		fmt.Fprint(w, "\n```text\n")
		for _, s := range p.Synopsis {
			fmt.Fprintln(w, strings.TrimSpace(strings.Join(p.Path, " ")+" "+s))
		}
		fmt.Fprint(w, "```\n")
	}
	var after []Section
	for i, s := range p.Sections {
		if s.Heading != "" {
			after = append(after, p.Sections[i])
			continue
		}
		w.blocks(s.Blocks)
	}
	if len(p.Commands) > 0 {
		fmt.Fprint(w, "\n## Commands\n\n")
		w.links(p.Commands)
	}
	if len(p.Examples) > 0 {
		fmt.Fprintf(w, "\n## Examples\n\n```sh\n%s\n```\n", strings.Join(p.Examples, "\n"))
	}
	w.flags("Options", p.Flags)
	w.flags("Global options", p.Global)
	for _, s := range after {
		fmt.Fprintf(w, "\n## %s\n", s.Heading[:1]+strings.ToLower(s.Heading[1:]))
		w.blocks(s.Blocks)
	}
	if len(p.See) > 0 {
		fmt.Fprint(w, "\n## See also\n\n")
		w.links(p.See)
	}
	return []byte(w.String())
}

// Index lists the pages; it is what a web site shows of their directory. intro
// stands above the list.
func Index(pages []Page, intro string) []byte {
	w := new(strings.Builder)
	fmt.Fprintf(w, "# Commands\n\n%s\n", intro)
	for _, topics := range []bool{false, true} {
		if topics {
			fmt.Fprint(w, "\n## Topics\n")
		}
		fmt.Fprint(w, "\n| | |\n|---|---|\n")
		for i := range pages {
			if p := &pages[i]; p.Topic() == topics {
				fmt.Fprintf(w, "| [%s](%s) | %s |\n", strings.Join(p.Path, " "), p.MarkdownFile(), literal(p.Short))
			}
		}
	}
	return []byte(w.String())
}

func (w *markdown) blocks(blocks []Block) {
	for _, b := range blocks {
		switch b.Kind {
		case Paragraph, Indented:
			fmt.Fprintf(w, "\n%s\n", w.text(b.Text))
		case Heading:
			fmt.Fprintf(w, "\n## %s\n", literal(b.Text))
		case List:
			fmt.Fprint(w, "\n| | |\n|---|---|\n")
			for _, it := range b.Items {
				fmt.Fprintf(w, "| %s | %s |\n", code(it.Term), cell(w.text(it.Text)))
			}
		}
	}
}

func (w *markdown) links(links []Link) {
	for _, l := range links {
		fmt.Fprintf(w, "- [%s](%s.md) – %s\n", strings.Join(l.Path, " "), strings.Join(l.Path, "-"), literal(l.Short))
	}
}

func (w *markdown) flags(heading string, flags []Flag) {
	if len(flags) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n| option | meaning | default |\n|---|---|---|\n", heading)
	for _, f := range flags {
		term := "--" + f.Name
		if f.Shorthand != "" {
			term = "-" + f.Shorthand + ", " + term
		}
		if f.Value != "" {
			term += " " + f.Value
		}
		value := ""
		if f.Default != "" {
			value = code(f.Default)
		}
		fmt.Fprintf(w, "| %s | %s | %s |\n", code(term), cell(w.text(f.Usage)), value)
	}
}

var (
	special = regexp.MustCompile("[\\\\`*<$\\[\\]]|\\b_|_\\b")
	marker  = regexp.MustCompile(`^(#+ |[-+] |>)`)
	number  = regexp.MustCompile(`^(\d+)([.)] )`)
	option  = regexp.MustCompile(`(^|[ (])(--?[a-zA-Z][a-zA-Z0-9-]*(?:=[a-zA-Z]+)?)`)
)

// text is plain text as Markdown, in which other commands become links.
func (w *markdown) text(text string) string {
	return w.page.mentions.ReplaceAllStringFunc(literal(text), func(name string) string {
		if target := strings.ReplaceAll(name, " ", "-"); target != w.page.Name() {
			return "[" + code(name) + "](" + target + ".md)"
		}
		return code(name)
	})
}

// literal is plain text as Markdown; options become code.
func literal(text string) string {
	text = special.ReplaceAllString(text, `\$0`)
	text = marker.ReplaceAllString(text, `\$0`)
	text = number.ReplaceAllString(text, `$1\$2`)
	return option.ReplaceAllString(text, "$1`$2`")
}

// code is a code span inside a table. Text with backquotes is none of a flag's.
func code(text string) string { return "`" + cell(text) + "`" }

// cell keeps text from ending a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
