package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ebb/internal/golden"
)

const contractPage = "../docs/json.md"

// TestJSONPage keeps the list of verbs up to date, and validates what the page
// shows.
func TestJSONPage(t *testing.T) {
	c, err := newContractChecker() // of its own: what is shown is no output of a test
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(contractPage)
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)<!-- verbs -->\n.*<!-- /verbs -->`)
	want := list.ReplaceAllLiteral(page, []byte("<!-- verbs -->\n"+verbList()+"<!-- /verbs -->"))
	if !list.Match(page) {
		t.Fatalf("%s has no place for the list of verbs", contractPage)
	}
	if !bytes.Equal(page, want) {
		if golden.Update() {
			if err := os.WriteFile(contractPage, want, 0o644); err != nil {
				t.Fatal(err)
			}
		} else {
			t.Errorf("the list of verbs in %s is old: run go test ./cmd -run 'TestSchemas|TestJSONPage' -update (make docs does)", contractPage)
		}
	}
	shown := 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		for line := range bytes.Lines(block[1]) {
			shown++
			if err := c.check("shell", line); err != nil { // of any verb
				t.Errorf("%s: %v", contractPage, err)
			}
		}
	}
	if shown == 0 {
		t.Errorf("%s shows nothing", contractPage)
	}
}

// verbList is a row for each type of document.
func verbList() string {
	var b strings.Builder
	b.WriteString("\n| verb | schema, examples | type | what it is |\n|---|---|---|---|\n")
	for i := range jsonContract {
		d := &jsonContract[i]
		verb := "`ebb " + d.verb + "`"
		if d.verb == "" {
			verb = "all, on stderr"
		}
		links := fmt.Sprintf("[schema](schema/%s), [examples](schema/examples/%sl)", d.file(), d.file())
		for _, p := range d.documents {
			name := "`" + p.name + "`"
			if p.raw {
				name = "none"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", verb, links, name, p.says)
			verb, links = "", ""
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// TestJSONExamples wants an example of every type of document, and that each is one.
func TestJSONExamples(t *testing.T) {
	c, err := newContractChecker()
	if err != nil {
		t.Fatal(err)
	}
	for i := range jsonContract {
		d := &jsonContract[i]
		path := filepath.Join(schemaDir, "examples", d.file()+"l")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("ebb %s has no examples, a line for each type of document: %v", d.verb, err)
			continue
		}
		shown := make(map[string]bool)
		for line := range bytes.Lines(text) {
			name, err := c.example(d, line)
			if err != nil {
				t.Errorf("%s: %v\n%s", path, err, line)
			}
			shown[name] = true
		}
		for _, p := range d.documents {
			if !shown[p.name] {
				t.Errorf("%s has no document of type %q: take one from a run with -o json", path, p.name)
			}
		}
	}
}

// example returns the type of an example of a verb.
func (c *contractChecker) example(d *documented, line []byte) (name string, err error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return "", err
	}
	var head envelope
	if err := json.Unmarshal(line, &head); err != nil {
		return "", err
	}
	if name = head.Type; d.documents[0].raw {
		name = d.documents[0].name
	}
	s, ok := c.schemas[d.file()+"#"+name]
	if !ok {
		return name, fmt.Errorf("%s has no type %q", d.file(), name)
	}
	return name, s.Validate(value)
}

// TestEveryVerbIsInTheContract wants a verb that takes -o to have a schema.
func TestEveryVerbIsInTheContract(t *testing.T) {
	known := make(map[string]bool)
	for i := range jsonContract {
		known[jsonContract[i].verb] = true
	}
	for _, c := range commands(t) {
		verb := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "ebb"), " ")
		takes := c.Flags().Lookup("output") != nil
		if takes && verb != "orphans" && !known[verb] { // orphans alone is orphans list
			t.Errorf("ebb %s takes -o, and has no schema: add it to jsonContract in cmd/contract_test.go, then run make docs", verb)
		}
		delete(known, verb)
	}
	delete(known, "") // stderr
	for verb := range known {
		t.Errorf("the contract has ebb %s, which is no command", verb)
	}
}
