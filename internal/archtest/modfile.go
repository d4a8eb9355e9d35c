package archtest

import (
	"golang.org/x/mod/modfile"
)

// heavyModules must stay out of the main module. PD alone has some 250
// requirements; with them every build is slower, every binary larger, and a
// security notice for any of them is ours.
var heavyModules = []Ban{
	{"github.com/tikv", "PD and its clients belong to the playground; ebb speaks PD's HTTP API"},
	{"github.com/pingcap", "kvproto and TiDB's libraries come with gRPC; ebb needs a few JSON fields"},
	{"google.golang.org/grpc", "ebb speaks HTTP; gRPC belongs to the playground"},
	{"github.com/gogo/protobuf", "it comes with kvproto only"},
	{"go.etcd.io", "PD's HTTP API covers what ebb needs; the etcd client adds 6 MB"},
	{"github.com/coreos/etcd", "PD's HTTP API covers what ebb needs; the etcd client adds 6 MB"},
	{"k8s.io", "the Kubernetes client adds up to 29 MB and belongs to a module of its own"},
	{"sigs.k8s.io", "the Kubernetes client adds up to 29 MB and belongs to a module of its own"},
}

// CheckModFile finds requirements that do not belong into the main go.mod, and
// replacements, with which "go install" refuses to work.
func CheckModFile(name string, content []byte) ([]Violation, error) {
	mod, err := modfile.Parse(name, content, nil)
	if err != nil {
		return nil, err
	}
	var found []Violation
	for _, require := range mod.Require {
		for _, ban := range heavyModules {
			if within(require.Mod.Path, ban.Path) {
				found = append(found, Violation{Where: name, What: "requires " + require.Mod.Path, Why: ban.Why})
			}
		}
	}
	for _, replace := range mod.Replace {
		found = append(found, Violation{
			Where: name, What: "replaces " + replace.Old.Path,
			Why: "go install refuses a main module with replacements",
		})
	}
	return found, nil
}
