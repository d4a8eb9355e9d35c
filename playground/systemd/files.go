package systemd

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// The verbs here change links on disk. systemctl then has the manager read all
// units again, so that they need no daemon-reload.

func (c *invocation) enable(names []string) {
	for _, name := range names {
		file, info := c.m.cfg.find(name)
		switch {
		case file == "":
			c.failFile("enable", "Unit file "+name+" does not exist.")
			return
		case isMask(file, info):
			c.failFile("enable", "Unit file "+file+" is masked.")
			return
		}
		text, err := os.ReadFile(file)
		if err != nil {
			c.failFile("enable", err.Error())
			return
		}
		d, err := Parse(string(text))
		if err != nil {
			c.failFile("enable", "Invalid argument")
			return
		}
		for _, target := range d.WantedBy {
			c.link("enable", filepath.Join(c.m.cfg.Dir, target+".wants", name), file)
		}
	}
	c.m.Reload()
	if c.opts.now {
		c.start(names)
	}
}

func (c *invocation) disable(names []string) {
	for _, name := range names {
		if file, _ := c.m.cfg.find(name); file == "" {
			c.failFile("disable", "Unit file "+name+" does not exist.")
			return
		}
		links, err := filepath.Glob(filepath.Join(c.m.cfg.Dir, "*.wants", name))
		if err != nil {
			c.failFile("disable", err.Error())
			return
		}
		for _, link := range links {
			c.unlink("disable", link)
		}
	}
	c.m.Reload()
	if c.opts.now {
		c.stop(names)
	}
}

// mask refuses a unit whose file is in the directory where the link to /dev/null
// would go. That is the case of all units that tiup writes.
func (c *invocation) mask(names []string) {
	dir := c.maskDir()
	for _, name := range names {
		if file, _ := c.m.cfg.find(name); file == "" {
			c.errorf("Unit %s does not exist, proceeding anyway.", name)
		}
		link := filepath.Join(dir, name)
		info, err := os.Lstat(link)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.link("mask", link, "/dev/null")
		case err == nil && !isMask(link, info):
			c.failFile("mask", "File "+link+" already exists.")
			return
		}
	}
	c.m.Reload()
	if c.opts.now {
		c.stop(names)
	}
}

func (c *invocation) unmask(names []string) {
	for _, name := range names {
		link := filepath.Join(c.maskDir(), name)
		info, err := os.Lstat(link)
		if err == nil && isMask(link, info) {
			c.unlink("unmask", link)
		}
	}
	c.m.Reload()
}

func (c *invocation) maskDir() string {
	if c.opts.runtime {
		return c.m.cfg.RuntimeDir
	}
	return c.m.cfg.Dir
}

func (c *invocation) failFile(verb, reason string) {
	c.errorf("Failed to %s unit: %s", verb, reason)
	c.code = exitFailure
}

// link makes a symbolic link, and nothing of one that is there already.
func (c *invocation) link(verb, link, target string) {
	if there, err := os.Readlink(link); err == nil && there == target {
		return
	}
	err := os.MkdirAll(filepath.Dir(link), 0o755)
	if err == nil {
		err = os.Symlink(target, link)
	}
	if err != nil {
		c.failFile(verb, err.Error())
		return
	}
	if !c.opts.quiet {
		c.errorf("Created symlink %s → %s.", link, target)
	}
}

func (c *invocation) unlink(verb, link string) {
	if err := os.Remove(link); err != nil {
		c.failFile(verb, err.Error())
		return
	}
	if !c.opts.quiet {
		c.errorf("Removed \"%s\".", link)
	}
}

func (c *invocation) isEnabled(names []string) {
	c.code = exitFailure
	for _, name := range names {
		state, err := c.m.cfg.fileState(name)
		if err != nil {
			c.errorf("Failed to get unit file state for %s: %v", name, err)
			c.code = exitFailure
			return
		}
		if state == "enabled" || state == "static" {
			c.code = exitOK
		}
		if !c.opts.quiet {
			c.printf("%s", state)
		}
	}
}

func (c *invocation) listUnitFiles(patterns []string) {
	rows := [][2]string{}
	width := len("UNIT FILE")
	for _, name := range c.m.cfg.unitFiles(patterns) {
		state, err := c.m.cfg.fileState(name)
		if err != nil {
			continue // removed meanwhile
		}
		rows = append(rows, [2]string{name, state})
		width = max(width, len(name))
	}
	stateWidth := len("STATE")
	for _, row := range rows {
		stateWidth = max(stateWidth, len(row[1]))
	}
	pad := func(text string, to int) string { return text + strings.Repeat(" ", to-len(text)) }
	if !c.opts.noLegend {
		c.printf("%s %s PRESET", pad("UNIT FILE", width), pad("STATE", stateWidth))
	}
	for _, row := range rows {
		c.printf("%s %s enabled", pad(row[0], width), pad(row[1], stateWidth))
	}
	if !c.opts.noLegend {
		c.printf("\n%d unit files listed.", len(rows))
	}
	if len(rows) == 0 && len(patterns) > 0 {
		c.code = exitFailure
	}
}

// unitFiles returns the names of all services on disk that match a pattern, or
// of all.
func (c *Config) unitFiles(patterns []string) []string {
	seen := map[string]bool{}
	for _, dir := range []string{c.Dir, c.RuntimeDir} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // no directory, no units
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".service") {
				continue
			}
			wanted := len(patterns) == 0
			for _, pattern := range patterns {
				matched, err := path.Match(pattern, entry.Name())
				wanted = wanted || err == nil && matched || pattern+".service" == entry.Name()
			}
			seen[entry.Name()] = seen[entry.Name()] || wanted
		}
	}
	names := make([]string, 0, len(seen))
	for name, wanted := range seen {
		if wanted {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
