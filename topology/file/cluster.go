package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"ebb/topology"
)

// Cluster is a cluster that tiup manages from this machine.
type Cluster struct {
	*File
	Name string
	Dir  string // the cluster's directory, which holds meta.yaml
	// SSHKey is the private key that tiup made for the cluster. It is a path: the
	// file need not exist.
	SSHKey string
	// TLS is empty for a cluster without TLS.
	TLS TLSFiles
}

// TLSFiles are the paths of the client certificate that tiup uses for PD.
type TLSFiles struct{ CA, Cert, Key string }

// UnknownClusterError is returned for a cluster that tiup has no files of.
type UnknownClusterError struct {
	Name    string
	Dir     string   // where the clusters were looked for
	Known   []string // the clusters that are there; may be empty
	Nearest []string // those that may have been meant
}

func (e *UnknownClusterError) Error() string {
	return fmt.Sprintf("find cluster %q: tiup has no meta.yaml of that name in %s", e.Name, e.Dir)
}

// Hint names the clusters that there are.
func (e *UnknownClusterError) Hint() string {
	switch {
	case len(e.Nearest) > 0:
		return fmt.Sprintf("did you mean %s?", strings.Join(e.Nearest, " or "))
	case len(e.Known) > 0:
		return "clusters of this tiup: " + strings.Join(e.Known, ", ")
	}
	return "this tiup has no clusters; give a topology file, or set TIUP_HOME"
}

// What tiup calls its files.
const (
	metaName     = "meta.yaml"
	clustersName = "clusters"
)

// clusterName is what tiup accepts (utils.ValidateClusterNameOrError). It keeps
// a name from leading out of the directory.
var clusterName = regexp.MustCompile(`^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$`)

// LoadCluster reads the meta.yaml of a tiup cluster and finds what belongs to
// it. tiupHome is tiup's home directory; "" means the one that tiup would use:
// $TIUP_HOME or else ~/.tiup, with $TIUP_COMPONENT_DATA_DIR, which tiup sets for
// its components, in place of the storage/cluster below it.
//
// As with Load, a *topology.ParseError with Conflicts comes beside the cluster.
func LoadCluster(tiupHome, name string) (*Cluster, error) {
	clusters, err := clustersDir(tiupHome)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(clusters, name)
	meta := filepath.Join(dir, metaName)
	if !clusterName.MatchString(name) || !exists(meta) {
		known, err := ClusterNames(tiupHome)
		if err != nil {
			return nil, err
		}
		return nil, &UnknownClusterError{Name: name, Dir: clusters, Known: known, Nearest: topology.Nearest(name, known, 3)}
	}
	f, err := Load(meta)
	if f == nil {
		return nil, err
	}
	f.Topology.ClusterName = name
	f.clusterDir = dir // also where the meta.yaml is a link to elsewhere
	c := &Cluster{File: f, Name: name, Dir: dir, SSHKey: filepath.Join(dir, "ssh", "id_rsa")}
	if f.Topology.Global.EnableTLS {
		tls := filepath.Join(dir, "tls")
		c.TLS = TLSFiles{
			CA:   filepath.Join(tls, "ca.crt"),
			Cert: filepath.Join(tls, "client.crt"),
			Key:  filepath.Join(tls, "client.pem"),
		}
	}
	return c, err
}

// ClusterNames lists the clusters of a tiup home, sorted; none when tiup has
// never been used. tiupHome is as in LoadCluster.
func ClusterNames(tiupHome string) ([]string, error) {
	dir, err := clustersDir(tiupHome)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list tiup clusters: %w", err)
	}
	var names []string
	for _, e := range entries {
		if clusterName.MatchString(e.Name()) && exists(filepath.Join(dir, e.Name(), metaName)) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Tenants lists the files of this tiup that say what else runs, or is about to
// run, on the hosts of its clusters: the meta.yaml of each cluster, of DM clusters
// as well, and what a scale-out that waits for its second stage is adding. Sorted;
// none when tiup has never been used. tiupHome is as in LoadCluster.
func Tenants(tiupHome string) ([]string, error) {
	own, err := clustersDir(tiupHome)
	if err != nil {
		return nil, err
	}
	// tiup keeps the clusters of the component dm beside those of cluster.
	dm := filepath.Join(filepath.Dir(filepath.Dir(own)), "dm", clustersName)
	var paths []string
	for _, dir := range []string{own, dm} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list tiup clusters: %w", err)
		}
		for _, e := range entries {
			for _, name := range []string{metaName, scaleOutLock} {
				// A file that cannot be looked at counts: whoever reads it finds out why.
				path := filepath.Join(dir, e.Name(), name)
				_, err := os.Stat(path)
				if clusterName.MatchString(e.Name()) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
					paths = append(paths, path)
				}
			}
		}
	}
	return paths, nil
}

func clustersDir(tiupHome string) (string, error) {
	if tiupHome == "" {
		if data := os.Getenv("TIUP_COMPONENT_DATA_DIR"); data != "" {
			return filepath.Join(data, clustersName), nil
		}
		tiupHome = os.Getenv("TIUP_HOME")
	}
	if tiupHome == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find tiup home: %w", err)
		}
		tiupHome = filepath.Join(home, ".tiup")
	}
	return filepath.Join(tiupHome, "storage", "cluster", clustersName), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
