package manual

import (
	"testing"

	"github.com/spf13/cobra"

	"ebb/internal/golden"
)

// tree is a program with what is awkward to print.
func tree() *cobra.Command {
	root := &cobra.Command{
		Use: "pg", Short: "Do things", Long: "pg does\nthings.\n\nEXIT STATUS\n  0  done",
		Example: "  pg do\n  pg do a", RunE: func(*cobra.Command, []string) error { return nil },
	}
	root.PersistentFlags().Bool("quiet", false, "say nothing")
	do := &cobra.Command{
		Use: "do-it [WHAT]", Short: "Do *one* thing",
		Long: `.regions[] of the \\ host: <a> | b_c _d_ $HOME; 'tis --so-long that it
'goes on' behind the end of one line, with -x and well-known words.
See pg again, pg do-it, pg words, pg wordsmith, a jpg again, and pg nothing.

  a|b     text | with a bar
  .dot    of a [list]

1. no list
# no heading

EXIT STATUS
    0  done
   10  locked`,
		Example: `  pg do-it '.a | .b\n'`,
		RunE:    func(*cobra.Command, []string) error { return nil },
	}
	do.Flags().StringP("output", "o", "text", "write in this `FORM`")
	do.Flags().Duration("wait", 0, "time a|b")
	do.Flags().String("secret", "", "not shown")
	_ = do.Flags().MarkHidden("secret") // it exists
	root.AddCommand(do, &cobra.Command{Use: "again", Short: "Do it again", RunE: do.RunE},
		&cobra.Command{Use: "words", Short: "Explain words", Long: "Words\n  mean something."},
		&cobra.Command{Use: "hidden", Short: "Hide", Hidden: true, RunE: do.RunE})
	return root
}

func TestPages(t *testing.T) {
	pages := Pages(tree())
	if len(pages) != 4 {
		t.Fatalf("%d pages", len(pages))
	}
	for i := range pages {
		p := &pages[i]
		golden.Check(t, p.ManFile(), p.Man())
		golden.Check(t, p.MarkdownFile(), p.Markdown())
	}
	golden.Check(t, "README.md", Index(pages, "All of it."))
}
