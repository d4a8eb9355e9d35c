package cmd

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// readmeCommands are the lines of README.md that start with "$ ", in order.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	// The transcript is the output of the demo, which has a test of its own.
	body := regexp.MustCompile(`(?s)<!-- transcript -->.*<!-- /transcript -->`).ReplaceAllString(string(text), "")
	var commands []string
	for line := range strings.Lines(body) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
			commands = append(commands, command)
		}
	}
	return commands
}

// elsewhere are commands of README.md that this test does not run, and who does.
var elsewhere = map[string]string{
	"make demo":                        ".ci/run",
	"make build":                       ".ci/run, as part of make test",
	"make install PREFIX=$HOME/.local": ".ci/package",
	"export PATH=$PWD/bin:$PATH":       "the shell",
	"cd /tmp/play":                     "the shell",

	"ebb playground --background --dir /tmp/play": "the tests of the playground",
	"ebb playground fault stop 3":                 "the tests of the playground",
}

// readmeHosts stands in for the network of README.md, at which a playground may
// be running.
const readmeHosts = "127.77.1."

// TestReadme runs the commands of README.md one after the other, as a reader
// would who has the cluster that they name.
func TestReadme(t *testing.T) {
	commands := readmeCommands(t)
	pd := pdtest.New(t, pdtest.V8_5)
	var nodes strings.Builder
	nodes.WriteString("global:\n  user: root\npd_servers:\n  - host: " + readmeHosts + "1\ntikv_servers:\n")
	for id := cluster.StoreID(1); id <= 5; id++ {
		host := readmeHosts + "1" + id.String()
		pd.AddStores(id)
		pd.EditStore(id, func(s *cluster.Store) { s.Address = host + ":20160" })
		nodes.WriteString("  - host: " + host + "\n")
	}
	pd.AddRegions(10, 1, 2, 3, 4)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "topology.yaml"), []byte(nodes.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, command := range commands {
		if _, ok := elsewhere[command]; ok || strings.HasPrefix(command, "ebb force-remove") {
			continue // the demo writes a store off; it takes half a minute of watching
		}
		t.Run(command, func(t *testing.T) { runReadmeCommand(t, pd, dir, command) })
	}
}

func runReadmeCommand(t *testing.T, pd *pdtest.PD, dir, command string) {
	if strings.HasPrefix(command, "ebb watch") {
		pd.MoveRegions(4, 10)
		pd.Bury()
	}
	ctx, cancel := context.WithCancel(t.Context())
	streams := ui.Test("")
	streams.Setenv("HOME", dir)
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return new(recordingHost), nil }
	env.Sleep = func(ctx context.Context, _ time.Duration) error {
		cancel() // of display -w, which would never end
		return ctx.Err()
	}
	command = strings.ReplaceAll(command, "http://127.41.1.1:2379", pd.URLs()[0])
	command = strings.ReplaceAll(command, "127.41.1.", readmeHosts)
	args := strings.Fields(strings.ReplaceAll(command, "'", ""))[1:]
	if before, program, ok := strings.Cut(command, "--jq "); ok {
		args = append(strings.Fields(before)[1:], "--jq", strings.Trim(program, "'"))
	}
	if before, commands, ok := strings.Cut(command, "-c '"); ok {
		args = append(strings.Fields(before)[1:], "-c", strings.Trim(commands, "'"))
	}
	if strings.Contains(command, "-t ") {
		args = append(args, "-u", pd.URLs()[0])
	}
	if code := run(ctx, env, args); code != ExitDone {
		t.Errorf("exit %d\n%s", code, streams.ErrBuf)
	}
}
