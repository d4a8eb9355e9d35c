package decommission

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HostEvidence is what a host says about a target.
type HostEvidence struct {
	// Err is why the host could not be asked; nothing else is set then.
	Err error
	// Unreachable says that no connection could be made, which is all that may be
	// put off until later: a host that answers wrongly is no host that is down.
	Unreachable bool
	Unit        *Unit
	Processes   []Process // that use one of the target's directories
	Listening   []int     // of the target's ports
	Dirs        []DirEvidence
	Exporters   []ExporterEvidence
	// Others are the directories of whoever remains, with all links followed.
	Others []string
	// StatusDirs are the data directories that the process behind the store's
	// status port says it uses; nil when nothing answers there.
	StatusDirs []string
}

// DirEvidence is what a host says about a directory.
type DirEvidence struct {
	PruneDir
	Exists bool `json:"exists"`
	// Resolved is the path with all symbolic links followed.
	Resolved string `json:"resolved,omitempty"`
	Bytes    uint64 `json:"bytes"` // on this file system only, as du counts
	// MountPoint says that a file system is mounted right here, Mounts which ones
	// are mounted below.
	MountPoint bool     `json:"mount_point,omitempty"`
	Mounts     []string `json:"mounts,omitempty"`
}

// ExporterEvidence is what a host says about an exporter.
type ExporterEvidence struct {
	Unit *Unit
	Dirs []DirEvidence
}

// measureTimeout bounds the measuring of a target's directories: a store has
// millions of small files at worst.
const measureTimeout = 10 * time.Minute

// measureDirs prints "present|missing<tab>resolved<tab>KiB" for every path given
// as an argument, in order.
const measureDirs = `for p do
  if [ -e "$p" ] || [ -L "$p" ]; then
    printf 'present\t%s\t%s\n' "$(readlink -f -- "$p")" "$(du -skx -- "$p" 2>/dev/null | cut -f1)"
  else
    printf 'missing\t\t0\n'
  fi
done`

// InspectHost asks a host about a target. It changes nothing.
func InspectHost(ctx context.Context, h Host, t *PruneTarget) *HostEvidence {
	e := new(HostEvidence)
	mounts, err := readMounts(ctx, h)
	if err == nil {
		e.Unit, err = ReadUnit(ctx, h, t.UserUnits, t.Unit)
	}
	if err == nil {
		e.Processes, err = ProcessesUsing(ctx, h, t.paths())
	}
	if err == nil {
		e.Listening, err = ListeningPorts(ctx, h, t.Listen, t.Ports)
	}
	if err == nil {
		e.Dirs, err = inspectDirs(ctx, h, t.Dirs, mounts)
	}
	if err == nil {
		e.Others, err = resolve(ctx, h, t.Others)
	}
	for i := range t.Exporters {
		if err != nil {
			break
		}
		var x ExporterEvidence
		if x.Unit, err = ReadUnit(ctx, h, t.UserUnits, t.Exporters[i].Unit); err == nil {
			x.Dirs, err = inspectDirs(ctx, h, t.Exporters[i].Dirs, mounts)
		}
		e.Exporters = append(e.Exporters, x)
	}
	if err != nil {
		return &HostEvidence{Err: err}
	}
	return e
}

// resolvePaths prints where each path given as an argument leads, in order.
const resolvePaths = `for p do readlink -m -- "$p" || exit; done`

func resolve(ctx context.Context, h Host, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	out, err := h.Run(ctx, Command{Argv: append([]string{"sh", "-c", resolvePaths, "sh"}, paths...)})
	if err != nil {
		return nil, fmt.Errorf("resolve the directories of others: %w", err)
	}
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) != len(paths) {
		return nil, fmt.Errorf("resolve the directories of others: %d answers for %d directories: %q", len(lines), len(paths), out)
	}
	return lines, nil
}

func inspectDirs(ctx context.Context, h Host, dirs []PruneDir, mounts []string) ([]DirEvidence, error) {
	if len(dirs) == 0 {
		return nil, nil
	}
	argv := []string{"sh", "-c", measureDirs, "sh"}
	for _, d := range dirs {
		argv = append(argv, d.Path)
	}
	out, err := h.Run(ctx, Command{Argv: argv, Timeout: measureTimeout})
	if err != nil {
		return nil, fmt.Errorf("measure directories: %w", err)
	}
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) != len(dirs) {
		return nil, fmt.Errorf("measure directories: %d answers for %d directories: %q", len(lines), len(dirs), out)
	}
	var list []DirEvidence
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 || fields[0] != "present" && fields[0] != "missing" {
			return nil, fmt.Errorf("measure %s: cannot read the answer %q", dirs[i].Path, line)
		}
		d := DirEvidence{PruneDir: dirs[i], Exists: fields[0] == "present", Resolved: fields[1]}
		if kib, err := strconv.ParseUint(fields[2], 10, 64); err == nil {
			d.Bytes = kib * 1024
		}
		for _, mount := range mounts {
			d.MountPoint = d.MountPoint || mount == d.Path
			if strings.HasPrefix(mount, d.Path+"/") {
				d.Mounts = append(d.Mounts, mount)
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// readMounts lists the mount points of a host.
func readMounts(ctx context.Context, h Host) ([]string, error) {
	out, err := h.Run(ctx, Command{Argv: []string{"cat", "/proc/self/mountinfo"}})
	if err != nil {
		return nil, fmt.Errorf("read mount points: %w", err)
	}
	var mounts []string
	for line := range strings.Lines(out) {
		// proc(5): the fifth field, with blanks and backslashes in octal.
		fields := strings.Fields(line)
		if len(fields) < 5 {
			return nil, fmt.Errorf("read mount points: cannot read %q", line)
		}
		mounts = append(mounts, unescapeOctal(fields[4]))
	}
	if len(mounts) == 0 {
		return nil, fmt.Errorf("read mount points: the host names none")
	}
	return mounts, nil
}

func unescapeOctal(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// within reports whether a path is a directory or lies below it.
func within(p, dir string) bool {
	return p == dir || strings.HasPrefix(path.Clean(p), strings.TrimSuffix(dir, "/")+"/")
}

// withinAny reports whether a path lies in one of the directories.
func withinAny(p string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return within(p, dir) })
}
