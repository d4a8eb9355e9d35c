package topology

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// nobody owns the lines that stay whichever instance goes.
const nobody = -1

// ownedLines makes topologies line by line and knows which entry each line goes
// with, so that the text that Remove must produce is known to the byte.
type ownedLines struct {
	*rand.Rand
	lines  []string
	owners []int
	key    int // the line of the section's key
}

func (w *ownedLines) pick(choices ...string) string { return choices[w.IntN(len(choices))] }

func (w *ownedLines) add(owner int, lines ...string) {
	for _, line := range lines {
		w.lines, w.owners = append(w.lines, line), append(w.owners, owner)
	}
}

// maybe adds lines in half of the cases.
func (w *ownedLines) maybe(owner int, lines ...string) {
	if w.IntN(2) == 0 {
		w.add(owner, lines...)
	}
}

// entry writes instance n behind indent, from the comments that belong to it to
// the blank lines and comments that do not.
func (w *ownedLines) entry(indent string, n int) {
	head := n
	if n == 0 {
		head = nobody
	}
	w.maybe(nobody, w.pick("", "  ", indent+"# apart", "# - host: gone"), "")
	w.maybe(head, indent+"# of "+fmt.Sprint(n), indent+"#")
	step := w.pick("  ", "    ")
	field := indent + step
	dash := indent + "-" + step[1:]
	if w.IntN(4) == 0 {
		w.add(n, dash+w.pick("", "&own ", "!!map ")+"{host: h"+fmt.Sprint(n)+w.pick(",", ", port: 20160")+w.pick("}", "} # here"))
	} else {
		switch w.IntN(4) {
		case 0:
			w.add(n, indent+w.pick("-", "- # here", "- &own", "- !!map"))
			w.maybe(n, "", field+"# before the host", "# out of place")
			w.add(n, field+"host: h"+fmt.Sprint(n))
		case 1:
			w.add(n, dash+"<<: "+w.pick("*shared", "[*shared]"), field+"\"host\": h"+fmt.Sprint(n))
		default:
			w.add(n, dash+"host: h"+fmt.Sprint(n)+w.pick("", " # {[", "   #"))
		}
		w.fields(field, n)
	}
	w.maybe(n, field+"# more of "+fmt.Sprint(n), field+" # status_port: 1")
	// Not as deep as the fields: below an entry that ends in a block scalar it
	// would become text of that, which Remove avoids by other means.
	w.maybe(nobody, "", indent+" # after a blank line", w.pick("# left", indent+"# level"), "")
}

func (w *ownedLines) fields(field string, n int) {
	w.maybe(n, "", field+"# inside", "#", field+"deploy_dir: /d/x y")
	for range w.IntN(3) {
		key := field + fmt.Sprintf("x%d-%d", n, len(w.lines))
		switch w.IntN(6) {
		case 0:
			w.add(n, key+": "+w.pick("|", ">-", "|2")+w.pick("", " # text"), field+"  one", "", field+"  # two")
		case 1:
			w.add(n, key+":", field+"- - 1", field+"  - 2", field+"- a: 1", field+"  b: [x,", field+"  y]")
		case 2:
			w.add(n, key+": {a: 1, # c", "b: 'it''s {'", "}")
		case 3:
			w.add(n, key+": \"a", "", field+"# b \\\"", "# c\"")
		case 4:
			w.add(n, key+":", field+"  a:", "", field+"    # deep", field+"    b: 'x'")
		default:
			w.add(n, key+": *shared")
		}
	}
}

func (w *ownedLines) document() (count int) {
	indent := ""
	if w.IntN(2) == 0 {
		w.add(nobody, "tidb_version: v8.5.0", "topology: # sections")
		indent = "  "
	}
	w.add(nobody, indent+"x-shared: &shared {status_port: 20190}", indent+"pd_servers:", indent+"- host: p")
	w.maybe(nobody, "", indent+"# the stores")
	w.key = len(w.lines)
	w.add(nobody, indent+"tikv_servers:"+w.pick("", " &all", " # kv"))
	w.maybe(nobody, "", indent+"# docs", "# docs")
	count = 1 + w.IntN(4)
	inner := indent + w.pick("", "  ", "    ")
	for n := range count {
		w.entry(inner, n)
	}
	w.maybe(nobody, indent+"tidb_servers: # last", indent+"  - host: t", "# end")
	return count
}

// without is the document after instance n has gone.
func (w *ownedLines) without(n, count int, eol string) string {
	var b strings.Builder
	for i, line := range w.lines {
		if i == w.key && count == 1 {
			line, comment, commented := strings.Cut(line, " #")
			b.WriteString(line + " []")
			if commented {
				b.WriteString(" #" + comment)
			}
			b.WriteString(eol)
		} else if w.owners[i] != n {
			b.WriteString(line + eol)
		}
	}
	return b.String()
}

func TestRemoveRandomStyles(t *testing.T) {
	for seed := range uint64(600) {
		w := &ownedLines{Rand: rand.New(rand.NewPCG(seed, 2))}
		eol := w.pick("\n", "\n", "\r\n")
		count := w.document()
		text := w.without(len(w.lines), len(w.lines), eol)
		open := w.IntN(4) == 0
		if open {
			text = strings.TrimSuffix(text, eol)
		}
		text = w.pick("", "", string(byteOrderMark)) + text
		for n := range count {
			id := fmt.Sprintf("h%d:20160", n)
			edited, removed, err := Remove([]byte(text), []string{id})
			if err != nil || !slices.Equal(removed, []string{id}) {
				t.Fatalf("seed %d: removed %q, %v\n%s", seed, removed, err, text)
			}
			want := w.without(n, count, eol)
			if open && w.owners[len(w.owners)-1] != n {
				want = strings.TrimSuffix(want, eol)
			}
			if strings.TrimPrefix(string(edited), string(byteOrderMark)) != want {
				t.Fatalf("seed %d: without %s:\n%s\nwant:\n%s\nfrom:\n%s", seed, id, edited, want, text)
			}
			sameWithout(t, []byte(text), edited, id)
		}
	}
}

// TestRemoveRandomOrder: the text that is left does not depend on the order in
// which instances are named.
func TestRemoveRandomOrder(t *testing.T) {
	for seed := range uint64(100) {
		w := &ownedLines{Rand: rand.New(rand.NewPCG(seed, 3))}
		count := w.document()
		text := []byte(w.without(len(w.lines), len(w.lines), "\n"))
		var ids []string
		for n := range count {
			ids = append(ids, fmt.Sprintf("h%d:20160", n))
		}
		first, _, err := Remove(text, ids)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		w.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		second, removed, err := Remove(text, ids)
		if err != nil || !slices.Equal(removed, ids) || !bytes.Equal(first, second) {
			t.Fatalf("seed %d: removed %q, %v:\n%s\nand:\n%s", seed, removed, err, first, second)
		}
	}
}
