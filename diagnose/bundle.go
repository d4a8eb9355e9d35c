package diagnose

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"ebb/cluster"
)

// ExportOptions say what a bundle may tell.
type ExportOptions struct {
	// Keys keeps region keys, which hold data of users, as they are. Without it each
	// key becomes its rank among all keys, so that ranges still compare alike.
	Keys bool
	// Redact replaces hosts, names and values of labels by numbered words.
	Redact bool
}

// maxBundle bounds what Import reads.
const maxBundle = 256 << 20

// FormatError is a file that is no bundle, or one of a later program.
type FormatError struct{ Err error }

func (e *FormatError) Error() string { return fmt.Sprintf("read bundle: %v", e.Err) }

// Unwrap returns what is wrong with it.
func (e *FormatError) Unwrap() error { return e.Err }

// Export writes the evidence as JSON. The evidence itself stays as it is.
func Export(w io.Writer, ev *Evidence, opts ExportOptions) error {
	out, err := clone(ev)
	if err != nil {
		return err
	}
	if !opts.Keys {
		hideKeys(out)
	}
	scrubLogins(out)
	if opts.Redact {
		redact(out)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// Import reads what Export wrote. What is missing in it counts as unread.
func Import(r io.Reader) (*Evidence, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBundle+1))
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	var ev Evidence
	switch err := json.Unmarshal(data, &ev); {
	case len(data) > maxBundle:
		return nil, &FormatError{fmt.Errorf("it is larger than %d MiB", maxBundle>>20)}
	case err != nil:
		return nil, &FormatError{err}
	case ev.Format == 0 || ev.Snapshot == nil:
		return nil, &FormatError{fmt.Errorf("it has no format number or no snapshot: not written by ebb diagnose --bundle")}
	case ev.Format > EvidenceFormat:
		return nil, &FormatError{fmt.Errorf("it has format %d, this program knows %d", ev.Format, EvidenceFormat)}
	}
	return &ev, nil
}

func clone(ev *Evidence) (*Evidence, error) {
	data, err := json.Marshal(ev)
	if err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	out := new(Evidence)
	if err := json.Unmarshal(data, out); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return out, nil
}

// keysOf are all region keys in the evidence, to be changed in place.
func keysOf(ev *Evidence) []*[]byte {
	var keys []*[]byte
	for i := range ev.Snapshot.Rules {
		keys = append(keys, &ev.Snapshot.Rules[i].StartKey, &ev.Snapshot.Rules[i].EndKey)
	}
	for i := range ev.LabelRules {
		for j := range ev.LabelRules[i].Ranges {
			keys = append(keys, &ev.LabelRules[i].Ranges[j].Start, &ev.LabelRules[i].Ranges[j].End)
		}
	}
	for _, t := range ev.Tallies {
		if t == nil {
			continue
		}
		for _, class := range t.Classes {
			if class == nil {
				continue
			}
			for i := range class.Kept {
				keys = append(keys, &class.Kept[i].StartKey, &class.Kept[i].EndKey)
			}
		}
	}
	return keys
}

// hideKeys replaces every key by its rank. The empty key, which is an end of the
// key space, stays empty.
func hideKeys(ev *Evidence) {
	keys := keysOf(ev)
	var sorted [][]byte
	for _, k := range keys {
		sorted = append(sorted, *k)
	}
	slices.SortFunc(sorted, bytes.Compare)
	sorted = slices.CompactFunc(sorted, bytes.Equal)
	for _, k := range keys {
		if len(*k) > 0 {
			rank, _ := slices.BinarySearchFunc(sorted, *k, bytes.Compare)
			*k = binary.BigEndian.AppendUint32(nil, uint32(rank+1))
		}
	}
	for _, list := range [][]cluster.Operator{ev.Running, ev.Records} {
		for i := range list {
			hideOperatorKeys(&list[i])
		}
	}
	eachText(ev, func(text string) string { return keyParameter.ReplaceAllString(text, "${1}...") })
}

// hideOperatorKeys: the brief of a split ends with its keys, and Text has all.
func hideOperatorKeys(op *cluster.Operator) {
	op.Text = ""
	op.Brief, _, _ = strings.Cut(op.Brief, " and keys ")
	op.Steps = slices.DeleteFunc(op.Steps, func(step string) bool { return strings.HasPrefix(step, "split") })
}

// keyParameter is a key in the URL of an error.
var keyParameter = regexp.MustCompile(`((?:start_|end_|start|end)?[kK]ey=)[^&\s":]+`)

// login is the user part of a URL.
var login = regexp.MustCompile(`://[^/@\s"]*@`)

// scrubLogins takes passwords out of URLs, whatever else is kept.
func scrubLogins(ev *Evidence) {
	eachText(ev, func(text string) string { return login.ReplaceAllString(text, "://") })
}

// eachText changes every text that was written by a program for people, and so
// may hold anything.
func eachText(ev *Evidence, change func(string) string) {
	for _, m := range []map[Field]string{ev.Unread, ev.Absent} {
		for f, text := range m {
			m[f] = change(text)
		}
	}
	snap := ev.Snapshot
	snap.UnsafeRecovery, snap.DashboardURL = change(snap.UnsafeRecovery), change(snap.DashboardURL)
	for _, t := range ev.Tallies {
		if t != nil {
			t.Err = change(t.Err)
		}
	}
	for id, h := range ev.Hosts {
		h.Err = change(h.Err)
		ev.Hosts[id] = h
	}
	for _, list := range [][]cluster.Operator{ev.Running, ev.Records} {
		for i := range list {
			list[i].Text, list[i].Brief = change(list[i].Text), change(list[i].Brief)
		}
	}
	for i := range ev.Maintenance {
		ev.Maintenance[i].Description = change(ev.Maintenance[i].Description)
	}
	if snap.Members != nil {
		for i := range snap.Members.Members {
			changeAll(snap.Members.Members[i].ClientURLs, change)
		}
		changeAll(snap.Members.Leader.ClientURLs, change)
	}
	for i := range snap.Health {
		changeAll(snap.Health[i].ClientURLs, change)
	}
}

func changeAll(list []string, change func(string) string) {
	for i := range list {
		list[i] = change(list[i])
	}
}
