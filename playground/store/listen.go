package store

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ports are the sockets a running store has open, so that "does this address
// answer" has a true answer.
type ports struct {
	raw    []net.Listener // service and peer port: accept, then close
	link   net.Conn       // to the process of a hosted store, which has the ports
	status net.Listener
	server *http.Server
}

// openPorts opens a store's ports and writes those the system chose into spec,
// so that they stay the same over restarts.
func openPorts(spec *Spec) (*ports, error) {
	p := &ports{}
	wanted := []*int{&spec.Port}
	if spec.Engine == TiFlash {
		wanted = append(wanted, &spec.PeerPort)
	}
	for _, port := range wanted {
		l, err := listen(spec.Host, port)
		if err != nil {
			closeAll(p.raw...)
			return nil, err
		}
		p.raw = append(p.raw, l)
	}
	var err error
	if p.status, err = listen(spec.Host, &spec.StatusPort); err != nil {
		closeAll(p.raw...)
		return nil, err
	}
	return p, nil
}

func listen(host string, port *int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(*port)))
	if err != nil {
		return nil, fmt.Errorf("open store port: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		*port = a.Port
	}
	return l, nil
}

// serve answers on the ports until close; at the status port in TLS if tlsConfig
// is given.
func (p *ports) serve(wg *sync.WaitGroup, status http.Handler, tlsConfig *tls.Config) {
	for _, l := range p.raw {
		wg.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				conn.Close()
			}
		})
	}
	p.server = &http.Server{Handler: status, ReadHeaderTimeout: 5 * time.Second}
	listener := p.status
	if tlsConfig != nil {
		listener = tls.NewListener(listener, tlsConfig)
	}
	wg.Go(func() {
		_ = p.server.Serve(listener) // returns only when closed
	})
}

func (p *ports) close() {
	closeAll(p.raw...)
	closeAll(p.status)
	if p.link != nil {
		p.link.Close()
	}
	if p.server != nil {
		_ = p.server.Close() // nobody is owed an answer
	}
}

func closeAll(listeners ...net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// statusHandler is the little of TiKV's status server that tells which store
// this is and what it holds.
func statusHandler(f *Fleet, id uint64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/status", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/config", func(w http.ResponseWriter, _ *http.Request) {
		s, _ := f.Store(id) // a store with a status port is in the fleet
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(configOf(s)) // a client that went away cannot be told
	})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		s, _ := f.Store(id)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		writeMetrics(w, s)
	})
	return mux
}

// configOf has the keys of TiKV's /config that identify a store. TiFlash's proxy
// serves its raft port as server.addr and the flash service as engine-addr, and
// keeps its own data in the subdirectory flash.
func configOf(s StoreState) map[string]any {
	server := map[string]any{"addr": s.Address, "advertise-addr": s.Address, "status-addr": s.StatusAddress, "labels": s.Labels}
	data := s.DataDir
	if s.Engine == TiFlash {
		server["addr"], server["advertise-addr"], server["engine-addr"] = s.peerAddress(), s.peerAddress(), s.Address
		if data != "" {
			first, _, _ := strings.Cut(data, ",")
			data = filepath.Join(first, "flash")
		}
	}
	return map[string]any{"server": server, "storage": map[string]any{"data-dir": data}}
}

func writeMetrics(w http.ResponseWriter, s StoreState) {
	fmt.Fprintf(w, "# TYPE tikv_raftstore_region_count gauge\n")
	fmt.Fprintf(w, "tikv_raftstore_region_count{type=\"region\"} %d\n", s.Regions)
	fmt.Fprintf(w, "tikv_raftstore_region_count{type=\"leader\"} %d\n", s.Leaders)
	fmt.Fprintf(w, "# TYPE tikv_store_size_bytes gauge\n")
	fmt.Fprintf(w, "tikv_store_size_bytes{type=\"capacity\"} %d\n", s.Capacity)
	fmt.Fprintf(w, "tikv_store_size_bytes{type=\"used\"} %d\n", s.Used)
	fmt.Fprintf(w, "tikv_store_size_bytes{type=\"available\"} %d\n", s.Capacity-s.Used)
	fmt.Fprintf(w, "# TYPE tikv_raftstore_snapshot_traffic_total gauge\n")
	fmt.Fprintf(w, "tikv_raftstore_snapshot_traffic_total{type=\"sending\"} %d\n", s.SendingSnapshots)
	fmt.Fprintf(w, "tikv_raftstore_snapshot_traffic_total{type=\"receiving\"} %d\n", s.ReceivingSnapshots)
	fmt.Fprintf(w, "tikv_raftstore_snapshot_traffic_total{type=\"applying\"} %d\n", s.ApplyingSnapshots)
}
