package pd

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pingcap/log"
	"github.com/spf13/pflag"
	"github.com/tikv/pd/pkg/utils/logutil"
	"github.com/tikv/pd/server"
	"github.com/tikv/pd/server/api"
	"github.com/tikv/pd/server/config"
)

// embedded is a PD member that runs inside this process.
type embedded struct {
	at     endpoint
	server *server.Server
	cancel context.CancelFunc
}

// startEmbedded starts the member at e. It returns once etcd has a quorum, so
// the members of a new cluster must be started concurrently.
func startEmbedded(ctx context.Context, e endpoint) (member, error) {
	cfg, err := embeddedConfig(e)
	if err != nil {
		return nil, err
	}
	// The member outlives ctx, which only bounds the start.
	serverCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	srv, err := server.CreateServer(serverCtx, cfg, nil, api.NewHandler)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("create PD member %q: %w", e.name, err)
	}
	started := make(chan error, 1)
	go func() { started <- srv.Run() }()
	select {
	case err = <-started:
	case <-ctx.Done():
		// PD looks at its context while it waits for etcd.
		cancel()
		err = errors.Join(ctx.Err(), <-started)
	}
	if err != nil {
		cancel()
		if m := srv.GetMember(); m != nil && m.Etcd() != nil {
			m.Etcd().Close()
		}
		return nil, fmt.Errorf("start PD member %q: %w", e.name, err)
	}
	return &embedded{at: e, server: srv, cancel: cancel}, nil
}

// processLogMu keeps two members that start at once from racing for PD's
// process-wide logger.
var processLogMu sync.Mutex

// embeddedConfig reads the member's file the way pd-server does.
func embeddedConfig(e endpoint) (*config.Config, error) {
	processLogMu.Lock()
	defer processLogMu.Unlock()
	if err := prepareProcess(); err != nil {
		return nil, err
	}
	flags := pflag.NewFlagSet("pd-server", pflag.ContinueOnError)
	flags.String("config", e.configFile, "")
	cfg := config.NewConfig()
	if err := cfg.Parse(flags); err != nil {
		return nil, fmt.Errorf("read configuration of PD member %q: %w", e.name, err)
	}
	if err := logutil.SetupLogger(cfg.Log, &cfg.Logger, &cfg.LogProps, cfg.Security.RedactInfoLog); err != nil {
		return nil, fmt.Errorf("open log of PD member %q: %w", e.name, err)
	}
	log.ReplaceGlobals(cfg.Logger, cfg.LogProps)
	return cfg, nil
}

// kill ends the member as nearly like a crash as an embedded one can: its peers
// see the connections break, and the leader's lease is left to expire instead of
// being handed back.
func (m *embedded) kill() error {
	pdMember := m.server.GetMember()
	// Without its clients PD can neither revoke its lease nor delete the leader
	// key, nor wait ten seconds for an answer to either.
	failures := []error{pdMember.Client().Close(), m.server.GetClient().Close()}
	etcd := pdMember.Etcd()
	for _, listener := range etcd.Clients {
		failures = append(failures, listener.Close())
	}
	failures = append(failures, breakConnections(m.at))
	// Stop would first transfer etcd's leadership.
	etcd.Server.HardStop()
	m.cancel()
	m.server.Close()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("kill PD member %q: %w", m.at.name, err)
	}
	return nil
}

func (m *embedded) alive() bool { return !m.server.IsClosed() }
