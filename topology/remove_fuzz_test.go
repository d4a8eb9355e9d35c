package topology

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzRemove: what comes out is the file without the instance, to a plain YAML
// decoder as well, and no byte of it is new but those of "[]".
func FuzzRemove(f *testing.F) {
	seeds(f)
	f.Add([]byte("tikv_servers:\n- host: a\n# b\n- &b\n  host: b\n  source: |\n    x\n\n    # y\n\n# end\npd_servers: []\n"))
	f.Add([]byte("tikv_servers: [\n  {host: a}, # a\n  {host: 'b'} ]\nx: [a, \"b\"]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		topo, err := Parse("fuzz.yaml", data)
		if err != nil {
			return
		}
		for _, in := range topo.Instances[:min(len(topo.Instances), 3)] {
			edited, removed, err := Remove(data, []string{in.ID})
			if err != nil {
				var refused *EditError
				if !errors.As(err, &refused) || edited != nil {
					t.Fatalf("%s: %v", in.ID, err)
				}
				continue
			}
			if len(removed) != 1 {
				t.Fatalf("%s: removed %q", in.ID, removed)
			}
			sameWithout(t, data, edited, in.ID)
			if marked, _, err := SetOffline(data, []string{in.ID}, true); err == nil && !bytes.Contains(data, []byte("offline")) {
				if after, _, err := Remove(marked, []string{in.ID}); err != nil || !bytes.Equal(after, edited) {
					t.Fatalf("%s: marked before: %v\n%q\nwant\n%q\nfrom\n%q", in.ID, err, after, edited, data)
				}
			}
			left := bytes.TrimPrefix(bytes.ReplaceAll(edited, []byte(" []"), nil), byteOrderMark)
			if !subsequence(left, data) {
				t.Fatalf("%s: bytes were added:\n%q\nfrom\n%q", in.ID, edited, data)
			}
		}
	})
}

// subsequence reports whether part is what is left of whole when bytes are
// taken out.
func subsequence(part, whole []byte) bool {
	for _, c := range whole {
		if len(part) > 0 && part[0] == c {
			part = part[1:]
		}
	}
	return len(part) == 0
}
