package docstest

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// release is what goes into the archives of a release.
type release struct {
	Targets []string // OS-ARCH
	Files   []string // source:directory in the archive
	Build   string   // how the program is built
}

// goreleaserConfig is the part of .goreleaser.yaml that says so.
type goreleaserConfig struct {
	Builds []struct {
		Main, Binary        string
		Env, Flags, Ldflags []string
		GOOS, GOARCH        []string
	}
	Archives []struct {
		Files []struct {
			Src, Dst    string
			StripParent bool `yaml:"strip_parent"`
		}
	}
}

func goreleaserRelease(t *testing.T) release {
	t.Helper()
	var config goreleaserConfig
	if err := yaml.Unmarshal([]byte(read(t, root, ".goreleaser.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Builds) != 1 || len(config.Archives) != 1 {
		t.Fatalf("%d builds, %d archives", len(config.Builds), len(config.Archives))
	}
	var r release
	b := config.Builds[0]
	for _, system := range b.GOOS {
		for _, arch := range b.GOARCH {
			r.Targets = append(r.Targets, system+"-"+arch)
		}
	}
	for _, f := range config.Archives[0].Files {
		if f.Dst != "" && !f.StripParent {
			t.Errorf("%s: would keep its directories below %s", f.Src, f.Dst)
		}
		src, _, _ := strings.Cut(f.Src, "/*")
		r.Files = append(r.Files, src+":"+f.Dst)
	}
	// The names of the values that are linked in differ, the variables do not.
	ldflags := regexp.MustCompile(`\{\{.*?\}\}`).ReplaceAllString(strings.Join(b.Ldflags, " "), "X")
	r.Build = strings.Join(slices.Concat(b.Env, b.Flags, []string{ldflags, b.Binary, b.Main}), " ")
	return r
}

// match is what the only group of expr matches.
func match(t *testing.T, file, expr string) string {
	t.Helper()
	m := regexp.MustCompile(expr).FindStringSubmatch(read(t, root, file))
	if m == nil {
		t.Fatalf("%s: no %s", file, expr)
	}
	return m[1]
}

func distRelease(t *testing.T) release {
	t.Helper()
	r := release{Targets: strings.Fields(match(t, "Makefile", `(?m)^TARGETS +\?= (.*)$`))}
	for _, f := range strings.Fields(match(t, ".ci/dist", `(?m)^files=\((.*)\)$`)) {
		r.Files = append(r.Files, f+":")
	}
	r.Files = append(r.Files, strings.Fields(match(t, ".ci/dist", `(?m)^dirs=\((.*)\)$`))...)
	ldflags := regexp.MustCompile(`\$\(\w+\)`).ReplaceAllString(match(t, "Makefile", `(?m)^LDFLAGS +:= (.*)$`), "X")
	r.Build = strings.Join([]string{
		match(t, ".ci/dist", `(CGO_ENABLED=\S+) `), match(t, ".ci/dist", `go build (.*) -ldflags "\$LDFLAGS"`), ldflags,
		path.Base(match(t, ".ci/dist", `-o "\$work/(\S+)" `)), match(t, ".ci/dist", `-o "\S+" (\S+)`),
	}, " ")
	return r
}

// Whether goreleaser or make dist builds a release, it is the same one.
func TestReleases(t *testing.T) {
	config, dist := goreleaserRelease(t), distRelease(t)
	for _, r := range []*release{&config, &dist} {
		slices.Sort(r.Targets)
		slices.Sort(r.Files)
	}
	if diff := cmp.Diff(dist, config); diff != "" {
		t.Errorf("make dist (-) and .goreleaser.yaml (+):\n%s", diff)
	}
	if len(config.Targets) != 4 || len(config.Files) != 7 {
		t.Errorf("%d targets, %d files", len(config.Targets), len(config.Files))
	}
}
