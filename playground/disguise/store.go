package disguise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"ebb/playground/wire"
)

// storeProcess is what is left of a TiKV or TiFlash server when its thinking is
// done elsewhere: it holds the ports and the lock of the data directory, and a
// connection to the fleet, for which the store runs as long as that lasts.
type storeProcess struct {
	log     io.Writer
	address string   // as registered with PD
	status  string   // where HTTP is served
	silent  []string // other addresses, which accept and say nothing
	dataDir string
}

// tikv reads the command line that tiup's run_tikv.sh gives to tikv-server.
func tikv(args []string) int {
	flags := make(map[string]string)
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !inline && i+1 < len(args) {
			i++
			value = args[i]
		}
		flags[name] = value
	}
	p := storeProcess{
		address: flags["advertise-addr"], status: flags["status-addr"], silent: []string{flags["addr"]}, dataDir: flags["data-dir"],
	}
	return p.run(flags["log-file"])
}

// tiflash reads the configuration that tiup writes; its command line only names
// it.
func tiflash(args []string) int {
	file := ""
	for i, arg := range args {
		if arg == "--config-file" && i+1 < len(args) {
			file = args[i+1]
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	settings := flat(string(text))
	data, _, _ := strings.Cut(settings["path"], ",")
	p := storeProcess{
		address: settings["flash.service_addr"], status: settings["flash.proxy.status-addr"], dataDir: data,
		silent: []string{settings["flash.service_addr"], settings["flash.proxy.addr"], settings["tcp_addr"], settings["http_addr"], settings["metrics_addr"]},
	}
	return p.run(settings["logger.log"])
}

// flat reads the strings of a TOML file, with the table's name before each key.
func flat(text string) map[string]string {
	settings := make(map[string]string)
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSuffix(name, "]") + "."
			continue
		}
		if key, value, found := strings.Cut(line, "="); found {
			settings[table+strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return settings
}

func (p *storeProcess) run(logFile string) int {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer log.Close()
	p.log = log
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	held, err := lock(filepath.Join(p.dataDir, "LOCK"))
	if err != nil {
		p.note("FATAL", err.Error())
		return 1
	}
	defer held.Close()
	fleet, err := p.open()
	if err != nil {
		p.note("FATAL", err.Error())
		return 1
	}
	p.note("INFO", "server is ready to serve")
	lost := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, fleet)
		close(lost)
	}()
	select {
	case sig := <-stop:
		p.note("INFO", "received signal "+sig.String()+", stopping server...")
		return 0
	case <-lost:
		p.note("FATAL", "the simulation of this store is gone")
		return 1
	}
}

func (p *storeProcess) note(level, text string) {
	fmt.Fprintf(p.log, "[%s] [%s] [server.rs:1] [%q]\n", time.Now().Format("2006/01/02 15:04:05.000 -07:00"), level, text)
}

// open opens the ports and returns the connection for which the store runs.
func (p *storeProcess) open() (net.Conn, error) {
	for _, address := range p.silent {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			return nil, err
		}
		go serve(l, func(conn net.Conn) { conn.Close() })
	}
	status, err := net.Listen("tcp4", p.status)
	if err != nil {
		return nil, err
	}
	fleet, err := p.report()
	if err != nil {
		return nil, err
	}
	go serve(status, p.relay)
	return fleet, nil
}

// lock takes the lock that keeps two servers from one data directory. Without the
// directory the server has lost its store.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	whole := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &whole); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file, nil
}

// reportPause is the wait between attempts to reach the fleet, which may start
// later than its stores.
const reportPause = 20 * time.Millisecond

// report tells the fleet that the store runs.
func (p *storeProcess) report() (net.Conn, error) {
	host, _, err := net.SplitHostPort(p.address)
	if err != nil {
		return nil, err
	}
	var conn *net.UnixConn
	for {
		if conn, err = wire.Dial(wire.FleetSocket(host)); err == nil {
			break
		}
		time.Sleep(reportPause)
	}
	if err := json.NewEncoder(conn).Encode(wire.Hello{Store: p.address}); err != nil {
		return nil, err
	}
	var welcome wire.Welcome
	if err := json.NewDecoder(conn).Decode(&welcome); err != nil {
		return nil, err
	}
	if welcome.Refused != "" {
		return nil, errors.New(welcome.Refused)
	}
	return conn, nil
}

// relay passes a connection to the status port on to the fleet.
func (p *storeProcess) relay(conn net.Conn) {
	defer conn.Close()
	host, _, err := net.SplitHostPort(p.address)
	if err != nil {
		return // report has split it
	}
	fleet, err := wire.Dial(wire.FleetSocket(host))
	if err != nil {
		return
	}
	defer func() { _ = fleet.Close() }()
	if json.NewEncoder(fleet).Encode(wire.Hello{Store: p.address, Status: true}) != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(fleet, conn)
		_ = fleet.CloseWrite()
	})
	_, _ = io.Copy(conn, fleet)
	conn.Close()
	both.Wait()
}

// serve hands each connection to a goroutine, until the process ends.
func serve(l net.Listener, handle func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go handle(conn)
	}
}
