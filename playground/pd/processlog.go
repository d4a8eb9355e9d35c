package pd

import (
	"fmt"
	"sync"

	"github.com/pingcap/log"
	"github.com/tikv/pd/pkg/schedule/schedulers"
	"github.com/tikv/pd/pkg/versioninfo"
	"go.uber.org/zap"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

const (
	// moduleCommit and moduleDate identify the PD snapshot named in go.mod.
	moduleCommit = "7179657d129b"
	moduleDate   = "2024-04-07 02:22:49"
)

// processLogEncoding is the zap encoding that PD's etcd clients are told to use.
const processLogEncoding = "ebb-playground-pd"

// prepareProcess does what pd-server does once in its main function. PD keeps
// its log, its version and its list of schedulers in package variables, so these
// cannot belong to one Cluster.
var prepareProcess = sync.OnceValue(func() error {
	schedulers.Register()
	// PD builds etcd clients whose log is hard-wired to stderr, where a leader
	// change would print hundreds of lines into the user's terminal. The only
	// thing it lets others choose is the encoding, so the encoder does the
	// redirecting.
	err := zap.RegisterEncoder(processLogEncoding, func(zapcore.EncoderConfig) (zapcore.Encoder, error) {
		return newForwardingEncoder(), nil
	})
	if err != nil {
		return fmt.Errorf("register log encoding for PD's etcd clients: %w", err)
	}
	log.ZapEncodingName = processLogEncoding
	return nil
})

var releaseMu sync.Mutex

// setReleaseVersion sets what every embedded member reports at /version.
// Members that run already read it: it is written only when it changes.
func setReleaseVersion(version string) {
	releaseMu.Lock()
	defer releaseMu.Unlock()
	if versioninfo.PDReleaseVersion == version {
		return
	}
	versioninfo.PDReleaseVersion = version
	versioninfo.PDGitHash = moduleCommit
	versioninfo.PDBuildTS = moduleDate
	versioninfo.PDGitBranch = "master"
}

// forwardingEncoder hands every entry to PD's process-wide log and leaves
// nothing to write for the core it belongs to.
type forwardingEncoder struct {
	zapcore.Encoder
	empty buffer.Pool
}

func newForwardingEncoder() *forwardingEncoder {
	return &forwardingEncoder{
		Encoder: zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		empty:   buffer.NewPool(),
	}
}

// Clone is called by zap for every logger derived with fields.
func (e *forwardingEncoder) Clone() zapcore.Encoder {
	return &forwardingEncoder{Encoder: e.Encoder.Clone(), empty: e.empty}
}

// EncodeEntry writes the entry to the process-wide log and returns an empty buffer.
func (e *forwardingEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	core := log.L().Core()
	if core.Enabled(entry.Level) {
		if err := core.Write(entry, fields); err != nil {
			return nil, fmt.Errorf("write entry of PD's etcd client: %w", err)
		}
	}
	return e.empty.Get(), nil
}
