package topology

import (
	"path"
	"slices"
	"strings"
)

// storeLabels reads server.labels from the configuration of all stores and of
// one: tiup deep-merges the two, the store's own values winning.
func storeLabels(shared, own *value) map[string]string {
	var labels map[string]string
	for _, config := range []*value{shared, own} {
		config.leaves("", func(item string, v *value) {
			label, ok := strings.CutPrefix(item, "server.labels.")
			if !ok {
				return
			}
			if labels == nil {
				labels = make(map[string]string)
			}
			labels[label] = v.text
		})
	}
	return labels
}

// leaves visits the scalars below a mapping under their dotted names.
func (v *value) leaves(prefix string, visit func(item string, v *value)) {
	if v == nil {
		return
	}
	for _, e := range v.entries {
		switch name := joinPath(prefix, e.key); {
		case e.merge || e.value.isNull():
		case e.value.kind == mappingKind:
			e.value.leaves(name, visit)
		case e.value.kind == scalarKind:
			visit(name, e.value)
		}
	}
}

// engineLabels adds the labels that TiFlash gives itself (spec/tiflash.go).
func engineLabels(in *Instance, shared, own *value) {
	mode := ""
	for _, config := range []*value{shared, own} {
		for _, v := range config.lookup("flash", "disaggregated_mode") {
			mode = textOf(v, mode)
		}
	}
	if in.Labels == nil {
		in.Labels = make(map[string]string)
	}
	in.Labels["engine"] = "tiflash"
	switch mode {
	case "tiflash_compute":
		in.Labels["engine"] = mode
	case "tiflash_write":
		in.Labels["engine_role"] = "write"
	}
}

func textOf(v *value, def string) string {
	if v == nil || v.kind != scalarKind || v.isNull() {
		return def
	}
	return v.text
}

// locationLabels reads replication.location-labels of server_configs.pd, a list
// or (as PD itself takes it) a string with commas.
func (d *decoder) locationLabels(pd *value, where string) {
	for _, v := range pd.lookup("replication", "location-labels") {
		switch {
		case v.isNull():
		case v.kind == scalarKind:
			for label := range strings.SplitSeq(v.text, ",") {
				d.topology.LocationLabels = append(d.topology.LocationLabels, strings.TrimSpace(label))
			}
		case v.kind == sequenceKind:
			for _, item := range v.items {
				d.topology.LocationLabels = append(d.topology.LocationLabels, item.text)
			}
		default:
			d.problem(v, where+".replication.location-labels", "", "expected a list of label names, got %s", v.describe())
		}
	}
}

// effectiveDirs reads a directory, or a list of them, from the configuration of
// all instances and of one; the instance's own wins.
func effectiveDirs(item string, shared, own *value) []string {
	for _, config := range []*value{own, shared} {
		if dirs := listedDirs(config.lookup(strings.Split(item, ".")...)); len(dirs) > 0 {
			return dirs
		}
	}
	return nil
}

func listedDirs(found []*value) []string {
	var dirs []string
	for _, v := range found {
		items := []*value{v}
		if v != nil && v.kind == sequenceKind {
			items = v.items
		}
		for _, item := range items {
			if dir := strings.TrimSpace(textOf(item, "")); dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// tiflashDirs replaces the data directories of a TiFlash by those of its storage
// configuration, as GetOverrideDataDir in spec/tiflash.go does: first the first
// of storage.latest.dir (or else of storage.main.dir), then the others sorted.
//
// tiup reads only the dotted keys of the instance itself. TiFlash also obeys the
// nested form and server_configs; directories found there are added to
// data_dir (where the proxy still keeps its own data), with a warning.
func (d *decoder) tiflashDirs(s *spec, shared *value, in *Instance) {
	config := s.value.get("config")
	latest := d.storageDirs(s, config, "storage.latest.dir")
	main := d.storageDirs(s, config, "storage.main.dir")
	if all := append(slices.Clone(latest), main...); len(all) > 0 {
		first := all[0]
		slices.Sort(all)
		all = slices.DeleteFunc(slices.Compact(all), func(dir string) bool { return dir == first })
		in.DataDirs = append([]string{first}, all...)
		return
	}
	for _, item := range []string{"storage.latest.dir", "storage.main.dir"} {
		for _, dir := range effectiveDirs(item, shared, config) {
			if dir = path.Clean(dir); path.IsAbs(dir) && !slices.Contains(in.DataDirs, dir) {
				in.DataDirs = append(in.DataDirs, dir)
				d.warn(Problem{
					Line: s.value.line, Column: s.value.column, Path: s.path,
					Message: "TiFlash uses " + dir + " (" + item + "), which tiup does not see as a data directory",
					Hint:    `write "` + item + `" as one dotted key in the config of the instance`,
				})
			}
		}
	}
}

// storageDirs reads one list of directories that is written as a dotted key.
func (d *decoder) storageDirs(s *spec, config *value, key string) []string {
	v, where := config.get(key), s.path+".config."+key
	if v.isNull() {
		return nil
	}
	if v.kind != sequenceKind {
		d.problem(v, where, "", "expected a list of directories, got %s", v.describe())
		return nil
	}
	var dirs []string
	for _, item := range v.items {
		dir := strings.TrimSpace(textOf(item, ""))
		switch {
		case !path.IsAbs(dir):
			d.problem(item, where, "", "directory %s must be an absolute path", quoteShort(dir))
		case slices.Contains(dirs, path.Clean(dir)):
			d.problem(item, where, "", "directory %s is given twice", quoteShort(dir))
		default:
			dirs = append(dirs, path.Clean(dir))
		}
	}
	return dirs
}
