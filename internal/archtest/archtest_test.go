package archtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// The tests here show that each check can fail: a checker that finds nothing
// looks exactly like a repository in order.

func parse(t *testing.T, name, source string) *File {
	t.Helper()
	f, err := Parse(name, []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func wantFound(t *testing.T, got []Violation, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("found %d violations, want %d: %v", len(got), len(want), got)
	}
	for i, part := range want {
		if !strings.Contains(got[i].String(), part) {
			t.Errorf("violation %d = %q, want it to mention %q", i, got[i], part)
		}
		if got[i].Why == "" {
			t.Errorf("violation %q has no reason", got[i])
		}
	}
}

func TestCheckImportsFinds(t *testing.T) {
	for _, tt := range []struct {
		file, imported string
		want           string // "" when the import is fine
	}{
		{"cluster/store.go", "sort", ""},
		{"cluster/store.go", "os", "imports os"},
		{"cluster/store.go", "os/exec", "imports os/exec"},
		{"cluster/store.go", "net/http", "imports net/http"},
		{"cluster/store.go", "gopkg.in/yaml.v3", "not the standard library"},
		{"cluster/store.go", "ebb/topology", "imports ebb/topology"},
		{"cluster/store_test.go", "os", ""},
		{"cluster/sub/x.go", "os", "imports os"},
		{"journal/entry.go", "os", ""},
		{"journal/entry.go", "github.com/gofrs/flock", "not the standard library"},
		{"decommission/plan.go", "ebb/cluster", ""},
		{"decommission/plan.go", "ebb/operators", ""},
		{"decommission/plan.go", "ebb/pdclient", "imports ebb/pdclient"},
		{"decommission/plan.go", "ebb/sshexec", "imports ebb/sshexec"},
		{"decommission/plan.go", "ebb/ui", "imports ebb/ui"},
		{"decommission/plan.go", "github.com/spf13/cobra", "flags are parsed in cmd"},
		{"operators/find.go", "ebb/decommission", "imports ebb/decommission"},
		{"topology/parse.go", "os", "imports os"},
		{"topology/file/save.go", "os", ""},
		{"topology/file/save.go", "ebb/topology", ""},
		{"pdclient/client.go", "net/http", ""},
		{"pdclient/client.go", "ebb/ui", "imports ebb/ui"},
		{"ui/table.go", "ebb/cluster", "know nothing of TiKV"},
		{"ui/prompt.go", "github.com/AlecAivazis/survey/v2", ""},
		{"operators/ask.go", "github.com/AlecAivazis/survey/v2", "traps of terminals"},
		{"cmd/scalein.go", "ebb/pdclient", ""},
		{"cmd/scalein.go", "ebb/pdclient/pdtest", "a fake belongs into tests"},
		{"cmd/scalein.go", "ebb/playground/pd", ""}, // go build refuses it: go.mod does not require it
		{"cmd/render/plan.go", "ebb/pdclient", "imports ebb/pdclient"},
		{"util/x.go", "sort", "no rule"},
	} {
		t.Run(tt.file+" "+tt.imported, func(t *testing.T) {
			f := parse(t, tt.file, fmt.Sprintf("package p\nimport _ %q\n", tt.imported))
			got := CheckImports("ebb", Graph, []*File{f})
			if tt.want == "" {
				wantFound(t, got)
			} else {
				wantFound(t, got, tt.want)
			}
		})
	}
}

func TestCheckProcessFinds(t *testing.T) {
	source := `package p
import (
	"fmt"
	system "os"
)
func f(os struct{ Exit int }) {
	fmt.Println("x")
	system.Exit(1)
	_ = system.Stdout
	_ = os.Exit
	_ = fmt.Sprint()
}`
	files := []*File{parse(t, "cmd/x.go", source), parse(t, "cmd/ebb/main.go", source), parse(t, "cmd/x_test.go", source)}
	wantFound(t, CheckProcess(files, "cmd/ebb"),
		"cmd/x.go:7: uses fmt.Println", "cmd/x.go:8: uses os.Exit", "cmd/x.go:9: uses os.Stdout")
}

func TestCheckSizeFinds(t *testing.T) {
	body := func(lines int) string { return "func f() {\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n" }
	for _, tt := range []struct {
		name, file, source string
		want               []string
	}{
		{"longest function", "a.go", "package p\n" + body(MaxFunctionLines), nil},
		{"function too long", "a.go", "package p\n" + body(MaxFunctionLines+1), []string{"function f has 61 lines"}},
		{"longest file", "a.go", "package p\n" + strings.Repeat("\n", MaxFileLines-1), nil},
		{"file too long", "a.go", "package p\n" + strings.Repeat("\n", MaxFileLines), []string{"251 lines"}},
		{"tests are exempt", "a_test.go", "package p\n" + body(300), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantFound(t, CheckSize([]*File{parse(t, tt.file, tt.source)}), tt.want...)
		})
	}
}

func TestCheckNamesFinds(t *testing.T) {
	for _, tt := range []struct {
		file, pkg string
		want      []string
	}{
		{"ui/table.go", "ui", nil},
		{"internal/util/x.go", "x", []string{`internal/util: is named "util"`}},
		{"ui/helpers.go", "ui", []string{`ui/helpers.go: is named "helpers"`}},
		{"ui/table_helpers_test.go", "ui", []string{`is named "helpers"`}},
		{"ui/x.go", "common", []string{`ui: is named "common"`}},
	} {
		wantFound(t, CheckNames([]*File{parse(t, tt.file, "package "+tt.pkg)}), tt.want...)
	}
}

func TestCheckModFileFinds(t *testing.T) {
	const head = "module ebb\n\ngo 1.26.0\n\n"
	for content, want := range map[string][]string{
		"require github.com/spf13/cobra v1.10.2\n":       nil,
		"require github.com/tikv/pd v1.1.0\n":            {"requires github.com/tikv/pd"},
		"require google.golang.org/grpc v1.62.1\n":       {"requires google.golang.org/grpc"},
		"require go.etcd.io/etcd/client/v3 v3.5.0\n":     {"requires go.etcd.io"},
		"require k8s.io/client-go v0.36.3 // indirect\n": {"requires k8s.io/client-go"},
		"replace github.com/spf13/cobra => ../cobra\n":   {"replaces github.com/spf13/cobra"},
	} {
		got, err := CheckModFile("go.mod", []byte(head+content))
		if err != nil {
			t.Fatalf("%s: %v", content, err)
		}
		wantFound(t, got, want...)
	}
}

func TestLoadSkips(t *testing.T) {
	source := &fstest.MapFile{Data: []byte("package p\n")}
	files, err := Load(fstest.MapFS{
		"a/a.go":              source,
		"a/testdata/b.go":     source,
		".hidden/c.go":        source,
		"nested/go.mod":       {Data: []byte("module nested\n")},
		"nested/d.go":         source,
		"a/generated.go":      {Data: []byte("// Code generated by x. DO NOT EDIT.\n\npackage p\n")},
		"a/notes.txt":         source,
		"nested/deep/also.go": source,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || files[0].Path != "a/a.go" {
		t.Errorf("loaded %d files, want a/a.go alone", len(files))
	}
}

func TestLoadReportsBrokenFiles(t *testing.T) {
	_, err := Load(fstest.MapFS{"a.go": {Data: []byte("not go")}})
	if err == nil {
		t.Error("a file that does not parse was accepted")
	}
}
