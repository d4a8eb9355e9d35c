package topology

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// writer makes topologies in random YAML styles, all of which SetOffline must
// be able to edit.
type writer struct {
	*rand.Rand
	b   strings.Builder
	eol string
}

func (w *writer) pick(choices ...string) string { return choices[w.IntN(len(choices))] }

func (w *writer) comment() string { return w.pick("", "", " # ü: {x", "   #") }

func (w *writer) key(k string) string { return w.pick(k, k, k, `"`+k+`"`, `'`+k+`'`) }

func (w *writer) scalar(s string) string { return w.pick(s, s, `"`+s+`"`, `'`+s+`'`) }

// gap is what may stand between two lines.
func (w *writer) gap(indent string) string {
	return w.pick("", "", "", w.eol, indent+"# note"+w.eol, "#"+w.eol, "  "+w.eol)
}

// instance writes one TiKV whose dash stands behind indent.
func (w *writer) instance(indent string, n int) {
	pairs := [][2]string{
		{w.key("host"), w.scalar(fmt.Sprintf("h%d", n))},
		{w.key("port"), "20170"},
		{w.key("deploy_dir"), w.scalar("/d/x y")},
		{w.key("config"), w.pick("{a.b: [1, 2], c: 'it''s'}", "{}", "*conf")},
		{w.key("source"), w.pick(`"a\"b"`, "'it''s'", "plain text", "''")},
		{"<<", "*shared"},
	}
	w.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	pairs = pairs[:1+w.IntN(len(pairs))]
	if !strings.Contains(fmt.Sprint(pairs), "host") {
		pairs = append(pairs, [2]string{"host", fmt.Sprintf("h%d", n)})
	}
	w.b.WriteString(indent + "-")
	if w.IntN(3) == 0 {
		w.braces(pairs)
		return
	}
	spaces := w.pick(" ", " ", "   ")
	for i, p := range pairs {
		if i > 0 {
			w.b.WriteString(w.gap(indent) + indent + " ")
		}
		w.b.WriteString(spaces + p[0] + w.pick(": ", ":   ") + p[1] + w.comment() + w.eol)
	}
}

func (w *writer) braces(pairs [][2]string) {
	w.b.WriteString(w.pick(" {", " { "))
	for i, p := range pairs {
		if i > 0 {
			w.b.WriteString(w.pick(", ", " , ", ",  # c"+w.eol+"        "))
		}
		w.b.WriteString(p[0] + ": " + p[1])
	}
	w.b.WriteString(w.pick("}", " }", ",}") + w.comment() + w.eol)
}

func (w *writer) document() []byte {
	indent := ""
	if w.IntN(2) == 0 {
		w.b.WriteString("tidb_version: v8.5.0" + w.eol + "topology:" + w.comment() + w.eol)
		indent = "  "
	}
	w.b.WriteString(indent + "x-shared: &shared {status_port: 20190}" + w.eol + w.gap(indent))
	w.b.WriteString(indent + "x-conf: &conf {log.level: info}" + w.eol)
	w.b.WriteString(indent + "tikv_servers:" + w.comment() + w.eol)
	inner := indent + w.pick("", "  ", "    ")
	for n := range 1 + w.IntN(3) {
		w.b.WriteString(w.gap(inner))
		w.instance(inner, n)
	}
	if w.IntN(2) == 0 {
		w.b.WriteString(indent + "pd_servers: [{host: p}]" + w.eol)
	}
	text := w.b.String()
	if w.IntN(4) == 0 {
		text = strings.TrimSuffix(text, w.eol)
	}
	return []byte(w.pick("", "", "", string(byteOrderMark)) + text)
}

func TestSetOfflineRandomStyles(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &writer{Rand: r, eol: "\n"}
		w.eol = w.pick("\n", "\n", "\r\n")
		data := w.document()
		topo, err := Parse("random.yaml", data)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, data)
		}
		for _, in := range topo.Stores() {
			edited, changed, err := SetOffline(data, []string{in.ID}, true)
			if err != nil || len(changed) != 1 {
				t.Fatalf("seed %d: changed %q, %v\n%s", seed, changed, err, data)
			}
			marked, err := Parse("random.yaml", edited)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, edited)
			}
			sameButOffline(t, topo, marked, in.ID)
			if restored, _, err := SetOffline(edited, []string{in.ID}, false); err != nil || !bytes.Equal(restored, data) {
				t.Fatalf("seed %d: %v, restored:\n%s\nfrom:\n%s\nto:\n%s", seed, err, restored, data, edited)
			}
		}
	}
}
