// Package manual makes the manual of a program from its commands: a man page and
// a Markdown page for each. The help texts are plain text with paragraphs, lists
// and headings; cobra's own generator takes them for Markdown, which they are not.
package manual

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Page is what is to be said of one command or topic.
type Page struct {
	Path     []string // the words of the command, that of the program first
	Short    string
	Synopsis []string // command lines without the words of Path; empty for a topic
	Sections []Section
	Commands []Link // below this one
	Flags    []Flag // of this command
	Global   []Flag // of all commands
	Examples []string
	See      []Link

	mentions *regexp.Regexp // of commands below the program, in texts
}

// Link leads to another page.
type Link struct {
	Path  []string
	Topic bool
	Short string
}

// Flag is an option as it is typed.
type Flag struct {
	Shorthand, Name string
	Value           string // what stands for its value, "" without one
	Usage           string
	Default         string // "" for none, and for what goes without saying
}

// Topic reports whether the page is about no command.
func (p *Page) Topic() bool { return len(p.Synopsis) == 0 }

// Name is the name of the page: the words with hyphens between.
func (p *Page) Name() string { return strings.Join(p.Path, "-") }

// Pages makes the pages of root and all commands and topics below it, in the
// order of their names.
func Pages(root *cobra.Command) []Page {
	var pages []Page
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		pages = append(pages, newPage(c))
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	mentions := mentionsOf(pages)
	for i := range pages {
		pages[i].mentions = mentions
	}
	slices.SortFunc(pages, func(a, b Page) int { return strings.Compare(a.Name(), b.Name()) })
	return pages
}

// mentionsOf finds the names of all pages but the first in texts, the longest
// that fits.
func mentionsOf(pages []Page) *regexp.Regexp {
	var names []string
	for i := range pages[1:] {
		names = append(names, regexp.QuoteMeta(strings.Join(pages[1+i].Path, " ")))
	}
	slices.Sort(names)
	slices.Reverse(names)
	return regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
}

func newPage(c *cobra.Command) Page {
	c.InitDefaultHelpFlag()
	p := Page{Path: strings.Fields(c.CommandPath()), Short: c.Short, Sections: parse(c.Long)}
	if c.Runnable() {
		p.Synopsis = append(p.Synopsis, strings.TrimSpace(strings.TrimPrefix(c.UseLine(), c.CommandPath())))
		if c.HasAvailableSubCommands() {
			p.Synopsis = append(p.Synopsis, "COMMAND")
		}
		p.Flags, p.Global = flagsOf(c.NonInheritedFlags()), flagsOf(c.InheritedFlags())
	}
	for line := range strings.Lines(c.Example) {
		p.Examples = append(p.Examples, strings.TrimSpace(line))
	}
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			p.Commands = append(p.Commands, linkTo(sub))
		}
	}
	p.See = related(c)
	return p
}

func linkTo(c *cobra.Command) Link {
	return Link{Path: strings.Fields(c.CommandPath()), Topic: !c.Runnable(), Short: c.Short}
}

// related are the parent of a command, the commands beside it, and the topics of
// the program. Those below it are listed elsewhere.
func related(c *cobra.Command) []Link {
	if !c.HasParent() {
		return nil
	}
	links := []Link{linkTo(c.Parent())}
	for _, beside := range c.Parent().Commands() {
		if beside != c && !beside.Hidden && beside.Runnable() && c.Parent().HasParent() {
			links = append(links, linkTo(beside))
		}
	}
	for _, topic := range c.Root().Commands() {
		if topic != c && !topic.Runnable() {
			links = append(links, linkTo(topic))
		}
	}
	return links
}

func flagsOf(set *pflag.FlagSet) []Flag {
	var flags []Flag
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		if f.Name == "help" {
			usage = "print the help"
		}
		flag := Flag{Shorthand: f.Shorthand, Name: f.Name, Value: value, Usage: usage, Default: f.DefValue}
		if slices.Contains([]string{"", "false", "0", "[]", "0s"}, f.DefValue) {
			flag.Default = ""
		}
		flags = append(flags, flag)
	})
	return flags
}
