package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Holder says who holds the lock of a cluster.
type Holder struct {
	Verb  string    `json:"verb"`
	Actor string    `json:"actor"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// LockedError is returned while another operation on the same cluster runs on
// this machine.
type LockedError struct {
	ClusterID uint64
	Path      string
	// Holder is the zero value when the lock file could not be read.
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder == (Holder{}) {
		return fmt.Sprintf("lock cluster %d: another operation is running", e.ClusterID)
	}
	return fmt.Sprintf("lock cluster %d: %s of %s (pid %d) has been running since %s",
		e.ClusterID, e.Holder.Verb, e.Holder.Actor, e.Holder.PID, e.Holder.Since.Local().Format(time.DateTime))
}

// Hint says what to do.
func (e *LockedError) Hint() string {
	return "wait for it to end; the lock goes with its process, there is nothing to clean up"
}

// Lock takes the lock of a cluster on this machine, or returns a *LockedError.
// It is held by an open file, so it ends with the process however that ends.
// release may be called more than once.
func Lock(dir string, clusterID uint64, holder Holder) (release func(), err error) {
	path := filepath.Join(dir, strconv.FormatUint(clusterID, 10)+".lock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock cluster %d: %w", clusterID, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock cluster %d: %w", clusterID, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		locked := &LockedError{ClusterID: clusterID, Path: path}
		if data, err := io.ReadAll(f); err == nil {
			_ = json.Unmarshal(data, &locked.Holder) // half written: the zero Holder
		}
		return nil, errors.Join(locked, f.Close())
	}
	if err == nil {
		err = writeHolder(f, holder)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	// The file stays: removing it would let two processes lock two files of one
	// name. Closing would give the lock back, but not while a child that is being
	// started has the file open as well, so it is given back first.
	return func() {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

func writeHolder(f *os.File, holder Holder) error {
	data, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	return err
}
