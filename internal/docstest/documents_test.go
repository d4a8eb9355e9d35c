package docstest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	causes = root + "/docs/causes"
)

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// comparePair also looks for the links with which two documents begin.
func comparePair(t *testing.T, english, chinese string) {
	t.Helper()
	name, err := filepath.Rel(root, chinese)
	if err != nil {
		t.Fatal(err)
	}
	en, zh := read(t, english), read(t, chinese)
	for _, problem := range Compare(Parse(en), Parse(zh)) {
		t.Errorf("%s: %s", name, problem)
	}
	for _, link := range []struct{ file, text, to string }{{english, en, chinese}, {chinese, zh, english}} {
		target, err := filepath.Rel(filepath.Dir(link.file), link.to)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(link.text, "\n"); len(lines) < 3 || !strings.HasSuffix(lines[2], "]("+target+")") {
			t.Errorf("%s: the third line does not link to %s", link.file, target)
		}
	}
	for file, text := range map[string]string{english: en, chinese: zh} {
		checkLinks(t, file, Parse(text))
	}
}

func checkLinks(t *testing.T, file string, page Page) {
	t.Helper()
	for _, link := range page.Links {
		if strings.Contains(link, "://") {
			continue
		}
		path, anchor, _ := strings.Cut(link, "#")
		if path != "" {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), path)); err != nil {
				t.Errorf("%s: link: %v", file, err)
			}
		} else if !slices.ContainsFunc(page.Sections, func(s Section) bool {
			return strings.ReplaceAll(strings.ToLower(s.Heading), " ", "-") == anchor
		}) {
			t.Errorf("%s: no heading for the link #%s", file, anchor)
		}
	}
}

func TestReadme(t *testing.T) {
	comparePair(t, root+"/README.md", root+"/README.zh-CN.md")
}

// pages are the names of the Markdown files of a directory.
func pages(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	return list
}

// The reference of the commands is made of their help; its links lead somewhere.
func TestCommandPages(t *testing.T) {
	dir := filepath.Join(root, "docs/commands")
	list := pages(t, dir)
	if len(list) < 20 {
		t.Errorf("%d pages", len(list))
	}
	for _, name := range list {
		checkLinks(t, filepath.Join(dir, name), Parse(read(t, dir, name)))
	}
}

// wording holds what is said again and again to one translation.
type wording map[string]string

func (w wording) check(t *testing.T, page, english, chinese string) {
	t.Helper()
	if before, ok := w[english]; !ok {
		w[english] = chinese
	} else if before != chinese {
		t.Errorf("%s: %q is %q, elsewhere %q", page, english, chinese, before)
	}
}

// result of a cause: what follows label in the first section, without the full stop.
func result(t *testing.T, page Page, label, stop string) string {
	t.Helper()
	_, rest, found := strings.Cut(page.Sections[0].Prose, label)
	text, _, ended := strings.Cut(rest, stop+"\n")
	if !found || !ended {
		t.Errorf("%s: has no %q", page.Title, label)
	}
	return text
}

func TestCausePages(t *testing.T) {
	english, chinese := pages(t, causes), pages(t, causes+"/zh-CN")
	if len(english) < 2 || !slices.Equal(english, chinese) {
		t.Fatalf("pages %q, in Chinese %q", english, chinese)
	}
	index := read(t, causes, "zh-CN/README.md")
	headings, results := wording{}, wording{}
	for _, name := range english {
		comparePair(t, filepath.Join(causes, name), filepath.Join(causes, "zh-CN", name))
		if name == "README.md" {
			continue
		}
		en, zh := Parse(read(t, causes, name)), Parse(read(t, causes, "zh-CN", name))
		if len(en.Sections) != len(zh.Sections) {
			continue // said by comparePair
		}
		for i := 1; i < len(en.Sections); i++ {
			headings.check(t, name, en.Sections[i].Heading, zh.Sections[i].Heading)
		}
		outcome := result(t, zh, "结果：", "。")
		results.check(t, name, result(t, en, "Result: ", "."), outcome)
		id, _, _ := strings.Cut(zh.Title, " ")
		_, title, _ := strings.Cut(zh.Title, "：")
		if row := "| [" + id + "](" + name + ") | " + title + " | " + outcome + " |\n"; !strings.Contains(index, row) {
			t.Errorf("zh-CN/README.md: has no row %q", row)
		}
	}
}

// rows of the generated table of a README without its head: name, description.
func commandRows(t *testing.T, file string) [][]string {
	t.Helper()
	_, rest, _ := strings.Cut(read(t, root, file), "<!-- commands -->\n")
	table, _, ok := strings.Cut(rest, "<!-- /commands -->")
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if !ok || len(lines) < 3 {
		t.Fatalf("%s: no table of commands", file)
	}
	var rows [][]string
	for _, line := range lines[2:] {
		rows = append(rows, cells(line))
	}
	return rows
}

// What the commands do is translated in a file beside, line by line.
func TestCommandTable(t *testing.T) {
	english, chinese := commandRows(t, "README.md"), commandRows(t, "README.zh-CN.md")
	lines := strings.Split(strings.TrimSpace(read(t, root, "docs/commands.zh-CN.tsv")), "\n")
	if len(lines) != len(english) || len(lines) != len(chinese) {
		t.Fatalf("%d translations, %d commands in README.md, %d in README.zh-CN.md", len(lines), len(english), len(chinese))
	}
	for i, line := range lines {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			t.Fatalf("%q: %d fields", line, len(f))
		}
		if want := []string{"`" + f[0] + "`", f[1]}; !slices.Equal(english[i], want) {
			t.Errorf("README.md has %q, the translations %q", english[i], want)
		}
		if want := []string{"`" + f[0] + "`", f[2]}; !slices.Equal(chinese[i], want) {
			t.Errorf("README.zh-CN.md has %q, the translations %q", chinese[i], want)
		}
	}
}
