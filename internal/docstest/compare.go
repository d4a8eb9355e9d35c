package docstest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	titleID = regexp.MustCompile(`^([DP]\d+ [a-z0-9-]+): `)
	// keyCell is a first cell that is no prose: a number, code, or a link.
	keyCell = regexp.MustCompile("^(\\d+|`[^`]*`|\\[.*\\]\\(.*\\))$")
	han     = regexp.MustCompile(`\p{Han}`)
	// tight is Chinese beside Latin without a space, or with a half-width mark.
	tight = regexp.MustCompile(`\p{Han}[A-Za-z0-9,;:?!]|[A-Za-z0-9]\p{Han}|\p{Han}\.(\s|$)`)
)

// Compare says in what a Chinese document is not in step with the English one.
func Compare(english, chinese Page) []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if id := titleID.FindStringSubmatch(english.Title); id != nil && !strings.HasPrefix(chinese.Title, id[1]+"：") {
		add("title %q does not begin with %q", chinese.Title, id[1]+"：")
	}
	if len(english.Sections) != len(chinese.Sections) {
		add("%d headings, %d in English", len(chinese.Sections), len(english.Sections))
		return found
	}
	var names strings.Builder // of all the English page: prose may name a setting in another section
	for i := range english.Sections {
		names.WriteString(english.Sections[i].Heading + english.Sections[i].Prose)
	}
	for i := range english.Sections {
		en, zh := &english.Sections[i], &chinese.Sections[i]
		for _, text := range compareSection(en, zh) {
			add("%s: %s", zh.Heading, text)
		}
		for _, name := range hyphenated.FindAllString(zh.words(), -1) {
			if !strings.Contains(names.String(), name) {
				add("%s: the English page does not name %s", zh.Heading, name)
			}
		}
	}
	return found
}

func compareSection(en, zh *Section) []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if en.Level != zh.Level {
		add("heading of level %d, %d in English", zh.Level, en.Level)
	}
	if e, z := en.spans(), zh.spans(); !slices.Equal(e, z) {
		add("code spans differ: English only %q, Chinese only %q", without(e, z), without(z, e))
	}
	e, z := en.numbers(), zh.numbers()
	for n := range e {
		if !z[n] {
			add("the number %s is missing", n)
		}
	}
	for _, w := range word.FindAllString(strings.ToLower(en.words()), -1) {
		e[spelled[w]] = true
	}
	for n := range z {
		if !e[n] {
			add("the number %s is not in English", n)
		}
	}
	if strings.TrimSpace(en.Prose) != "" && !han.MatchString(zh.Prose) {
		add("is not translated")
	}
	if bad := tight.FindString(zh.words()); bad != "" {
		add("%q wants a space or a full-width mark", bad)
	}
	return append(append(found, compareRows(en.Rows, zh.Rows)...), compareBlocks(en.Blocks, zh.Blocks)...)
}

// without returns what a has more often than b. Both are sorted.
func without(a, b []string) []string {
	b = slices.Clone(b)
	var rest []string
	for _, s := range a {
		if i := slices.Index(b, s); i >= 0 {
			b = slices.Delete(b, i, i+1)
		} else {
			rest = append(rest, s)
		}
	}
	return rest
}

func compareRows(en, zh []string) []string {
	if len(en) != len(zh) {
		return []string{fmt.Sprintf("%d rows of tables, %d in English", len(zh), len(en))}
	}
	var found []string
	for i := range en {
		e, z := cells(en[i]), cells(zh[i])
		if len(e) != len(z) {
			found = append(found, fmt.Sprintf("row %q has %d cells, %d in English", zh[i], len(z), len(e)))
		}
		if keyCell.MatchString(e[0]) && e[0] != z[0] {
			found = append(found, fmt.Sprintf("row begins with %q, %q in English", z[0], e[0]))
		}
	}
	return found
}

// compareBlocks lets nothing differ but comments in code without an info string,
// and of these not what is to be typed.
func compareBlocks(en, zh []Block) []string {
	if len(en) != len(zh) {
		return []string{fmt.Sprintf("%d blocks of code, %d in English", len(zh), len(en))}
	}
	var found []string
	for i := range en {
		if en[i].Info != zh[i].Info || len(en[i].Lines) != len(zh[i].Lines) {
			found = append(found, fmt.Sprintf("block %q of %d lines, %q of %d in English",
				zh[i].Info, len(zh[i].Lines), en[i].Info, len(en[i].Lines)))
			continue
		}
		for j, e := range en[i].Lines {
			z := zh[i].Lines[j]
			comment := en[i].Info == "" && strings.HasPrefix(e, "# ") && strings.HasPrefix(z, "# ")
			if comment && command(e) == command(z) {
				continue
			}
			if e != z {
				found = append(found, fmt.Sprintf("code %q, %q in English", z, e))
			}
		}
	}
	return found
}
