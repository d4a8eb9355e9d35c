package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/template"
	"time"

	"ebb/playground/certs"
	"ebb/playground/local"
	"ebb/playground/runstate"
	"ebb/playground/store"
)

// announcement is what a playground says once it is ready.
type announcement struct {
	Name      string   `json:"name"`
	PID       int      `json:"pid"`
	Dir       string   `json:"dir"`
	Topology  string   `json:"topology"`
	PD        []string `json:"pd"`
	PDVersion string   `json:"pd_version"`
	Control   string   `json:"control"`
	Network   string   `json:"network"`
	TiKV      int      `json:"tikv"`
	TiFlash   int      `json:"tiflash"`
	Regions   int      `json:"regions"`
	Replicas  int      `json:"replicas"`
	// Stores are the addresses of the TiKV stores.
	Stores []string `json:"tikv_stores"`
	// TLS is what a client needs; nil if PD speaks plain HTTP.
	TLS *certs.Files `json:"tls,omitempty"`
	// Seconds is how long the start took.
	Seconds    float64 `json:"seconds"`
	Background bool    `json:"background"`
	*runstate.SSH
}

func announcementOf(record runstate.Record, opts *upOptions, playground *local.Playground, took time.Duration) announcement {
	a := announcement{
		Name: record.Name, PID: record.PID, Dir: record.Dir, Topology: record.Topology,
		PD: record.PD, PDVersion: playground.PDVersion(), Control: record.Control, Network: record.Network,
		Regions: opts.regions, Replicas: playground.Replicas(), TLS: playground.Certs(),
		Seconds: math.Round(took.Seconds()*100) / 100, Background: opts.readyFD > 0,
		SSH: record.SSH,
	}
	for _, s := range playground.Fleet().Stores() {
		if s.Engine == store.TiFlash {
			a.TiFlash++
			continue
		}
		a.TiKV++
		a.Stores = append(a.Stores, s.Address)
	}
	return a
}

// publish tells the user, or the process that started this one in the
// background.
func (a announcement) publish(env *Env, opts *upOptions, logFile *os.File) error {
	if opts.readyFD == 0 {
		return a.print(env.Out, opts.output)
	}
	// Whoever started us may wait for the end of our standard error.
	if err := redirectStandardStreams(logFile); err != nil {
		return err
	}
	pipe := os.NewFile(uintptr(opts.readyFD), "ready")
	if pipe == nil {
		return &UsageError{fmt.Errorf("use --ready-fd %d: not an open file", opts.readyFD)}
	}
	defer pipe.Close()
	if err := json.NewEncoder(pipe).Encode(a); err != nil {
		return fmt.Errorf("report to the foreground process: %w", err)
	}
	return nil
}

func (a announcement) print(w io.Writer, output string) error {
	if output == outputJSON {
		return writeJSON(w, a)
	}
	if err := readyText.Execute(w, a); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// Leaving returns a TiKV store to try a scale-in on: the last one.
func (a announcement) Leaving() string {
	return a.Stores[len(a.Stores)-1]
}

// Neighbour returns another TiKV store, to break.
func (a announcement) Neighbour() string {
	return a.Stores[0]
}

// Login returns the command that logs in to the host of the leaving store.
func (a announcement) Login() string {
	host, _, _ := strings.Cut(a.Leaving(), ":")
	return fmt.Sprintf("ssh -i %s -o UserKnownHostsFile=%s -p %d %s@%s", a.Key, a.KnownHosts, a.Port, a.User, host)
}

// Cluster returns the flags by which ebb finds the cluster.
func (a announcement) Cluster() string {
	flags := "-t " + a.Topology
	if a.TLS != nil {
		flags += fmt.Sprintf(" --cacert %s --cert %s --key %s", a.TLS.CA, a.TLS.Cert, a.TLS.Key)
	}
	return flags
}

// PDList returns the client URLs for a -u flag.
func (a announcement) PDList() string { return strings.Join(a.PD, ",") }

var readyText = template.Must(template.New("ready").Parse(
	`Playground "{{.Name}}" is ready after {{printf "%.1f" .Seconds}} s: {{.TiKV}} TiKV, {{.TiFlash}} TiFlash, {{.Regions}} regions of {{.Replicas}} replicas.

  PD        {{.PDList}}  ({{.PDVersion}})
  control   {{.Control}}
  topology  {{.Topology}}
  logs      {{.Dir}}

Look at it:
  ebb display {{.Cluster}}

Take a store out:
  ebb scale-in {{.Cluster}} -N {{.Leaving}} --wait

{{if .SSH}}Log in to its host, as tiup does:
  {{.Login}}

{{end}}Break something first:
  ebb playground fault --name {{.Name}} stop {{.Neighbour}}
  ebb playground fault --help

Stop it:
  {{if .Background}}ebb playground stop --name {{.Name}}{{else}}Ctrl-C, or ebb playground stop --name {{.Name}} elsewhere{{end}}
`))
