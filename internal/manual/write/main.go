// Command write makes the manual of ebb anew, from its commands.
//
//	go run ./internal/manual/write docs
//
// writes docs/man and docs/commands. What is in the way there is removed.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ebb/cmd"
	"ebb/internal/manual"
)

const intro = `This is what ` + "`ebb COMMAND --help`" + ` says, a page for each command; the same as man pages is in
[docs/man](../man), installed by ` + "`make install`" + `: ` + "`man ebb-scale-in`" + `. ` + "`make docs`" + ` writes both.`

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: write DIRECTORY")
		os.Exit(4)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "write the manual:", err)
		os.Exit(1)
	}
}

func write(docs string) error {
	pages := manual.Pages(cmd.Tree())
	man, web := filepath.Join(docs, "man"), filepath.Join(docs, "commands")
	files := map[string][]byte{filepath.Join(web, "README.md"): manual.Index(pages, intro)}
	for i := range pages {
		files[filepath.Join(man, pages[i].ManFile())] = pages[i].Man()
		files[filepath.Join(web, pages[i].MarkdownFile())] = pages[i].Markdown()
	}
	for _, dir := range []string{man, web} {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			return err
		}
	}
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
