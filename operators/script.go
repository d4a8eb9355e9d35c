package operators

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"ebb/cluster"
)

// Format is a form in which the removals of a plan can be written.
type Format string

// The formats of a script.
const (
	FormatPDCtl Format = "pd-ctl" // a shell script that calls pd-ctl, or tiup ctl
	FormatCurl  Format = "curl"   // a shell script that calls curl
	FormatJSON  Format = "json"
)

// Formats are all of them.
func Formats() []Format { return []Format{FormatPDCtl, FormatCurl, FormatJSON} }

// ScriptOptions are what a script is to reach PD with.
type ScriptOptions struct {
	Format Format
	// PD is the URL of PD's leader.
	PD string
	// CACert, Cert and Key are files, "" without TLS.
	CACert, Cert, Key string
	// Proxy leaves the settings of proxies alone, which the shell scripts else unset.
	Proxy bool
	// ValidFor is how long after the reading the script may be run.
	ValidFor time.Duration
}

// ScriptDocument is the json form.
type ScriptDocument struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"` // "orphan-script"
	ClusterID     uint64    `json:"cluster_id"`
	PDVersion     string    `json:"pd_version"`
	ReadAt        time.Time `json:"read_at"` // PD's clock
	// ValidUntil is when the verdicts are too old to act on; epochs tell more.
	ValidUntil time.Time `json:"valid_until"`
	// Removals are in the order of regions; those of one region are to be made one
	// after the other.
	Removals []Orphan `json:"removals"`
	// Left are the orphans that stay, with their reasons.
	Left []Orphan `json:"left"`
}

// NewScriptDocument makes the json form of a plan that may be run for a time.
func NewScriptDocument(p *Plan, validFor time.Duration) *ScriptDocument {
	return &ScriptDocument{
		PlanSchemaVersion, "orphan-script", p.ClusterID, p.PDVersion, p.ReadAt.UTC(), p.ReadAt.Add(validFor).UTC(), p.Removals, p.Left,
	}
}

// WriteScript writes the removals of a plan as shell commands, in the order of the
// regions; the orphans that stay are comments with their reasons. The same plan
// gives the same bytes.
func WriteScript(w io.Writer, p *Plan, o ScriptOptions) error {
	until := p.ReadAt.Add(o.ValidFor)
	s := &scriptWriter{w: w}
	s.line("#!/usr/bin/env bash")
	s.line("# Removes %d orphan peers from the regions of cluster %d.", len(p.Removals), p.ClusterID)
	s.line("# Read from PD %s at %s; to be run until %s, and only while the", comment(p.PDVersion), stamp(p.ReadAt), stamp(until))
	s.line("# epoch of each region (conf_ver, version) is still the one it was judged with.")
	s.line("# %d orphan peers are left alone; they are listed at the end.", len(p.Left))
	s.line("set -uo pipefail")
	s.line("PD=%s", shellQuote(o.PD))
	s.line("UNTIL=%d", until.Unix())
	s.line("TLS=(%s)", strings.Join(tlsArguments(o), " "))
	s.line("GONE='%s'", strings.Join(goneStores(p), " "))
	if !o.Proxy {
		s.text(noProxy)
	}
	s.text(commandsOf[o.Format])
	s.text(scriptBody)
	s.line("# A function, so that nothing is run of a script that was cut off.")
	s.line("main() {")
	s.line("check_cluster %d", p.ClusterID)
	var later []*Orphan
	for _, group := range byRegion(p.Removals) {
		r := &p.Removals[group[0]]
		s.line("remove_peer %d %d %d %d", r.RegionID, r.StoreID, r.Epoch.ConfVer, r.Epoch.Version)
		for _, i := range group[1:] {
			later = append(later, &p.Removals[i])
		}
	}
	s.text(scriptEnd)
	for _, r := range later {
		s.line("# LATER: region %d, store %d: the removal above changes the region; then make a new script", r.RegionID, r.StoreID)
	}
	for i := range p.Left {
		r := &p.Left[i]
		s.line("# %s: region %d, store %d: %s%s", strings.ToUpper(r.Verdict.String()), r.RegionID, r.StoreID, r.Reason.Text(), instead(r.Reason))
	}
	return s.err
}

// goneStores are the stores that the orphans are on, without those that PD knows
// and that only were asked for.
func goneStores(p *Plan) []string {
	ids := make(map[cluster.StoreID]bool)
	for _, list := range [][]Orphan{p.Removals, p.Left} {
		for i := range list {
			if list[i].Reason != Reason(cluster.RemovalStoreKnown) {
				ids[list[i].StoreID] = true
			}
		}
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out = append(out, id.String())
	}
	return out
}

// comment makes one line of a text that PD chose.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

func instead(r Reason) string {
	if text := r.Instead(); text != "" {
		return "; " + text
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func tlsArguments(o ScriptOptions) []string {
	var args []string
	for _, a := range [][2]string{{"--cacert", o.CACert}, {"--cert", o.Cert}, {"--key", o.Key}} {
		if a[1] != "" {
			args = append(args, a[0], shellQuote(a[1]))
		}
	}
	return args
}

// shellQuote makes one word of any text for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// scriptWriter keeps the first error.
type scriptWriter struct {
	w   io.Writer
	err error
}

func (s *scriptWriter) line(format string, args ...any) { s.text(fmt.Sprintf(format, args...) + "\n") }

func (s *scriptWriter) text(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}
