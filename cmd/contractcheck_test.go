package cmd

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ebb/internal/contract"
	"ebb/internal/golden"
)

func dashed(verb string) string { return strings.ReplaceAll(verb, " ", "-") }

// schemaDir is where the schemas are published.
const schemaDir = "../docs/schema"

// contractChecker holds what is printed against the schemas. Objects are closed:
// a field that no schema has is a mistake here, while those who read must
// tolerate it.
type contractChecker struct {
	schemas map[string]*jsonschema.Schema // file#type

	mu   sync.Mutex
	seen map[string]int // file#type -> documents that were valid
}

var theContract = sync.OnceValues(newContractChecker)

func newContractChecker() (*contractChecker, error) {
	c := &contractChecker{schemas: make(map[string]*jsonschema.Schema), seen: make(map[string]int)}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	g := generator()
	for i := range jsonContract {
		d := &jsonContract[i]
		s, err := d.schema(g)
		if err != nil {
			return nil, fmt.Errorf("schema of ebb %s: %w", d.verb, err)
		}
		data, err := json.Marshal(s.Closed())
		if err != nil {
			return nil, err
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if err := compiler.AddResource(s.ID, parsed); err != nil {
			return nil, err
		}
		for j := range d.documents {
			name := d.documents[j].name
			// Compiled as a whole too, so that no part goes unchecked.
			if _, err := compiler.Compile(s.ID); err != nil {
				return nil, fmt.Errorf("%s: %w", d.file(), err)
			}
			if c.schemas[d.file()+"#"+name], err = compiler.Compile(s.ID + "#/$defs/" + name); err != nil {
				return nil, fmt.Errorf("%s: %w", d.file(), err)
			}
		}
	}
	return c, nil
}

// filesOf are the schemas that the documents of a command are in: that of its verb
// and stderr's. A shell runs any verb.
func filesOf(verb string) []string {
	files := []string{"stderr.json"}
	for i := range jsonContract {
		if d := &jsonContract[i]; d.verb != "" && (d.verb == verb || verb == "shell" || verb == "orphans" && d.verb == "orphans list") {
			files = append(files, d.file())
		}
	}
	return files
}

// check validates one document of a verb.
func (c *contractChecker) check(verb string, document []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return fmt.Errorf("ebb %s printed what is no JSON: %w: %.200s", verb, err, document)
	}
	object, _ := value.(map[string]any)
	name, _ := object["type"].(string)
	var failed error
	for _, file := range filesOf(verb) {
		s, ok := c.schemas[file+"#"+name]
		if !ok {
			continue
		}
		if failed = s.Validate(value); failed == nil {
			c.count(file, name)
			return nil
		}
	}
	if failed != nil {
		return fmt.Errorf("ebb %s printed a document that its schema does not describe: %w\n%s", verb, failed, document)
	}
	return fmt.Errorf(`ebb %s printed a document of type %q, which has no schema: %.300s
Give it schema_version and type, add it to jsonContract in cmd/contract_test.go, then run
make docs, and put an example into docs/schema/examples`, verb, name, document)
}

func (c *contractChecker) count(file, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[file+"#"+name]++
}

// watchJSON holds all that a command prints in this process against the schemas.
func watchJSON(t testing.TB, env *Env) {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	env.Printed = func(document []byte) {
		r := printout{Args: env.Args}
		if err := c.check(r.verb(), document); err != nil {
			t.Error(err)
		}
	}
}

// checkRecordings does the same for what the program printed in other processes.
func checkRecordings(t *testing.T, dir string) {
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	list, err := printouts(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		r := &list[i]
		verb := r.verb()
		for _, document := range r.Documents {
			if err := c.check(verb, document); err != nil {
				t.Error(err)
			}
		}
		if err := c.checkStreams(r, verb); err != nil {
			t.Errorf("ebb %s: %v", strings.Join(r.Args, " "), err)
		}
	}
}

// checkStreams makes sure that with -o json there is nothing but JSON, and that a
// failure has its error object as the last line of stderr.
func (c *contractChecker) checkStreams(r *printout, verb string) error {
	if !r.Piped || verb == "shell" {
		return nil
	}
	if raw := c.schemas[verb+".json#"+verb+"s"]; raw != nil && r.Code == 0 && !slices.Contains(r.Args, "--jq") && !slices.Contains(r.Args, "--query") {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(r.Stdout))
		if err == nil {
			err = raw.Validate(value)
		}
		if err != nil {
			return fmt.Errorf("stdout: %w", err)
		}
		c.count(verb+".json", verb+"s")
	} else if raw == nil && !slices.Contains(r.Args, "--help") {
		for line := range strings.Lines(r.Stdout) {
			if !json.Valid([]byte(line)) {
				return fmt.Errorf("stdout has a line that is no JSON: %s", line)
			}
		}
	}
	var last struct {
		Type     string `json:"type"`
		ExitCode int    `json:"exit_code"`
	}
	for line := range strings.Lines(r.Stderr) {
		last.Type = ""
		if err := c.check(verb, []byte(line)); err != nil {
			return fmt.Errorf("stderr: %w", err)
		}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			return err
		}
	}
	if (r.Code != 0) != (last.Type == "error") || last.ExitCode != r.Code && last.Type == "error" {
		return fmt.Errorf("exit code %d, but stderr ends with %+v", r.Code, last)
	}
	return nil
}

// TestSchemas keeps the published schemas up to date: with -update they are
// written, and fields.txt may then only grow.
func TestSchemas(t *testing.T) {
	g := generator()
	var fields []string
	names := []string{fieldsFile, "examples"}
	for i := range jsonContract {
		d := &jsonContract[i]
		s, err := d.schema(g)
		if err != nil {
			t.Fatalf("schema of ebb %s: %v", d.verb, err)
		}
		data, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		checkPublished(t, d.file(), append(data, '\n'))
		names = append(names, d.file())
		fields = append(fields, s.Paths(strings.TrimSuffix(d.file(), ".json"))...)
	}
	checkFields(t, fields)
	entries, err := os.ReadDir(schemaDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("%s is no schema of any verb", filepath.Join(schemaDir, e.Name()))
		}
	}
}

func checkPublished(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(schemaDir, name)
	if golden.Update() {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the types print: run go test ./cmd -run TestSchemas -update (make docs does)", path)
	}
}

// fieldsFile lists all that somebody may rely on.
const fieldsFile = "fields.txt"

// checkFields makes sure that nothing of what was promised has gone: within a
// version lines are only added.
func checkFields(t *testing.T, fields []string) {
	t.Helper()
	promised, err := os.ReadFile(filepath.Join(schemaDir, fieldsFile))
	if err != nil && !golden.Update() {
		t.Fatal(err)
	}
	broken := contract.Broken(strings.Split(strings.TrimSpace(string(promised)), "\n"), fields)
	for _, line := range broken {
		t.Errorf("schema_version %d has promised what is not printed any more: %s", schemaVersion, line)
	}
	if len(broken) == 0 {
		checkPublished(t, fieldsFile, []byte(strings.Join(fields, "\n")+"\n"))
	}
}

// checkExercised is run after all tests of this package: a schema that no document
// was held against is a guess.
func (c *contractChecker) checkExercised() error {
	var missing []string
	for i := range jsonContract {
		d := &jsonContract[i]
		for _, p := range d.documents {
			exercised := c.seen[d.file()+"#"+p.name] > 0
			if slices.ContainsFunc(waiting, func(w printed) bool { return w.name == p.name }) {
				// They are the same whatever the verb.
				exercised = exercised || c.seen["watch.json#"+p.name] > 0
			}
			if !exercised {
				missing = append(missing, d.file()+"#"+p.name)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no test has printed a document of %s: print one with -o json in testdata/script/contract.txtar", strings.Join(missing, ", "))
	}
	return nil
}

// allTests is the run of a package's tests, with a look back.
type allTests struct{ *testing.M }

func (a allTests) Run() int {
	code := a.M.Run()
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return code // not all tests were run
		}
	}
	if code != 0 || testing.Short() {
		return code
	}
	c, err := theContract()
	if err == nil {
		err = c.checkExercised()
	}
	if err != nil {
		fmt.Println("FAIL:", err)
		return 1
	}
	return code
}
