package layout

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ebb/playground/store"
)

func (f *adoptedFile) servers(engine string) []adoptedServer {
	if engine == store.TiFlash {
		return f.TiFlash
	}
	return f.TiKV
}

// spec is the store that a server is, by tiup's rules for what is left out.
func (s *adoptedServer) spec(file *adoptedFile, engine string) (store.Spec, error) {
	spec := store.Spec{Host: s.Host, Engine: engine, DeployDir: s.DeployDir, DataDir: s.DataDir}
	config, port := s.Config, orElse(s.Port, TiKVPort)
	spec.Port, spec.StatusPort = port, orElse(s.StatusPort, TiKVStatusPort)
	if engine == store.TiFlash {
		config, port = s.LearnerConfig, TiFlashTCPPort
		spec.Port, spec.PeerPort, spec.StatusPort = FlashServicePort, FlashProxyPort, FlashStatusPort
	}
	unit := fmt.Sprintf("%s-%d", engine, port)
	switch {
	case s.TCPPort != 0 && s.TCPPort != TiFlashTCPPort:
		return spec, refuse("TiFlash %s: only the default ports are supported", s.Host)
	case s.LogDir != "":
		return spec, refuse("store %s: log_dir is not supported", s.Host)
	}
	spec.DeployDir = orElse(spec.DeployDir, filepath.Join(file.Global.DeployDir, unit))
	spec.DataDir = orElse(spec.DataDir, filepath.Join(file.Global.DataDir, unit))
	if dirs, err := s.storageDirs(); err != nil || len(dirs) > 0 {
		spec.DataDir = strings.Join(dirs, ",")
		if err != nil {
			return spec, err
		}
	}
	for _, dir := range append(strings.Split(spec.DataDir, ","), spec.DeployDir) {
		if !filepath.IsAbs(dir) {
			return spec, refuse("store %s: directory %s is not absolute", s.Host, dir)
		}
	}
	labels, ok := config["server.labels"].(map[string]any)
	if !ok && config["server.labels"] != nil {
		return spec, refuse("store %s: server.labels is no map", s.Host)
	}
	spec.Labels = make(map[string]string, len(labels))
	for key, value := range labels {
		spec.Labels[key] = fmt.Sprint(value)
	}
	return spec, nil
}

// storageDirs are the disks of a TiFlash in the form of its versions from 4.0.9
// on: the first one for the latest data leads, the others are in order.
func (s *adoptedServer) storageDirs() ([]string, error) {
	latest, err := stringList(s.Config["storage.latest.dir"])
	if err != nil {
		return nil, err
	}
	main, err := stringList(s.Config["storage.main.dir"])
	if err != nil {
		return nil, err
	}
	all := slices.Concat(latest, main)
	if len(all) == 0 {
		return nil, nil
	}
	first := all[0]
	slices.Sort(all)
	return append([]string{first}, slices.DeleteFunc(slices.Compact(all), func(dir string) bool { return dir == first })...), nil
}

func stringList(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok && value != nil {
		return nil, refuse("%v is no list", value)
	}
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = fmt.Sprint(list[i])
	}
	return texts, nil
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
