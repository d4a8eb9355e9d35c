package file

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ebb/topology"
)

// File is a topology file as it was when it was read.
type File struct {
	// Path is the file itself: symbolic links are resolved when it is read, so
	// that writing replaces the file and not a link to it.
	Path string
	Data []byte
	// Topology is what Data says.
	Topology *topology.Topology
	ModTime  time.Time
	// Hash is the SHA-256 of Data in hex, for plans to name what they were made
	// from.
	Hash string

	// clusterDir is the directory of the tiup cluster that the file is the meta.yaml
	// of; "" for a file of one's own.
	clusterDir string
}

// Load reads a topology.yaml or meta.yaml. If the error is a
// *topology.ParseError with Conflicts, the file is returned beside it, for
// showing only.
func Load(path string) (*File, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("read topology: %w", err)
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return nil, fmt.Errorf("read topology: %w", err)
	}
	data, err := os.ReadFile(resolved)
	if err != nil {
		return nil, fmt.Errorf("read topology: %w", err)
	}
	t, err := topology.Parse(path, data)
	if t == nil {
		return nil, err
	}
	f := &File{Path: resolved, Data: data, Topology: t, ModTime: info.ModTime(), Hash: hash(data)}
	f.clusterDir = clusterDirOf(resolved, t.Meta)
	return f, err
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
