package cmd

import (
	"runtime/debug"
	"testing"
)

func TestVersionText(t *testing.T) {
	const commit, date = "6d5c4b3a2f1e0d9c8b7a6f5e4d3c2b1a0f9e8d7c", "2026-03-01T10:20:30Z"
	for _, tt := range []struct {
		name     string
		v        versionDocument
		settings []debug.BuildSetting
		want     string
	}{
		{"nothing known", versionDocument{Version: "dev"}, nil, "ebb dev (go, os/arch)"},
		{"by the linker", versionDocument{Version: "1.2.3", Commit: commit, Date: date}, nil, "ebb 1.2.3 (commit 6d5c4b3a2f1e, 2026-03-01, go, os/arch)"},
		{"short words", versionDocument{Version: "1", Commit: "abc", Date: "?"}, nil, "ebb 1 (commit abc, ?, go, os/arch)"},
		{
			"by the go command",
			versionDocument{Version: "dev"},
			[]debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: date}, {Key: "vcs.modified", Value: "true"}},
			"ebb dev (commit 6d5c4b3a2f1e-dirty, 2026-03-01, go, os/arch)",
		},
		{"modified, but of what", versionDocument{Version: "dev"}, []debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, "ebb dev (go, os/arch)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := tt.v
			v.Go, v.Platform = "go", "os/arch"
			v.recall(tt.settings)
			if got := v.String(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
