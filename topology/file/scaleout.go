package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// scaleOutLock is the only lock that tiup has against itself: it is there from
// the first stage of a scale-out in two stages to the end of the second, and
// holds what is being added (spec/spec_manager.go). The second stage reads the
// meta.yaml when it begins and writes it when it ends: an edit in between would be
// lost. tiup's scale-in, start, stop, reload, upgrade and others refuse meanwhile;
// its prune does not.
const scaleOutLock = ".scale-out.yaml"

// ScaleOutError is returned while tiup is between the two stages of a scale-out.
type ScaleOutError struct {
	Cluster string
	Lock    string // the path of tiup's lock file
}

func (e *ScaleOutError) Error() string {
	return fmt.Sprintf("cluster %s: tiup is in the middle of a scale-out", e.Cluster)
}

// Hint says how the scale-out is ended.
func (e *ScaleOutError) Hint() string {
	return fmt.Sprintf("finish it first: tiup cluster scale-out %s --stage2; until then there is %s", e.Cluster, e.Lock)
}

// CheckScaleOut looks for tiup's lock now. The error is a *ScaleOutError when it
// is there, and another one when nobody can tell. A file that is not the meta.yaml
// of a cluster has no lock.
func (f *File) CheckScaleOut() error {
	if f.clusterDir == "" {
		return nil
	}
	lock := filepath.Join(f.clusterDir, scaleOutLock)
	switch _, err := os.Lstat(lock); {
	case err == nil:
		return &ScaleOutError{Cluster: filepath.Base(f.clusterDir), Lock: lock}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("look for tiup's lock: %w", err)
	}
}

// clusterDirOf is the directory of the tiup cluster that a file is the meta.yaml
// of, "" for all other files. path has no symbolic links in it.
func clusterDirOf(path string, meta bool) string {
	dir := filepath.Dir(path)
	if meta && filepath.Base(path) == metaName && filepath.Base(filepath.Dir(dir)) == clustersName {
		return dir
	}
	return ""
}
