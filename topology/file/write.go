package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"ebb/topology"
)

// ErrChanged is returned, wrapped, when the file is no longer what was read:
// someone else, most likely tiup itself, wrote it in the meantime.
var ErrChanged = errors.New("the file has changed since it was read")

// LockedError is returned when another process is writing the file right now.
type LockedError struct{ Path string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("write %s: another process is writing it", e.Path)
}

// Write replaces the text of the file and returns where the old one was kept.
// now names the backup.
//
// The new text must parse. The file is locked against other writers of this
// program while it is compared with what was read (ErrChanged), backed up and
// replaced. tiup itself takes no lock but the one for a scale-out in two stages
// (*ScaleOutError), which the comparison covers as far as it goes: what tiup has
// read before and writes later undoes the edit without a word. The file is
// replaced by rename after an fsync: whatever happens, a disk that is full
// included, there is always one whole file. Mode and owner stay; where the owner
// cannot be kept, nothing is written.
//
// The meta.yaml of a cluster is backed up into the cluster's directory backup/
// under the name that tiup gives its own backups, so that whoever looks for one
// finds it; any other file beside itself with the suffix ".bak".
//
// Afterwards f holds the new text and can be written again. A backupPath beside
// an error means that the new text is in place but not known to be on the disk.
func (f *File) Write(edited []byte, now time.Time) (backupPath string, err error) {
	parsed, perr := topology.Parse(f.Path, edited)
	if parsed == nil {
		return "", fmt.Errorf("write %s: the new text is not a topology: %w", f.Path, perr)
	}
	held, err := lock(f.Path)
	if err != nil {
		return "", err
	}
	defer held.Close() // releases the lock
	info, err := f.unchanged(held)
	if err != nil {
		return "", err
	}
	if err := f.CheckScaleOut(); err != nil {
		return "", fmt.Errorf("write %s: %w", f.Path, err)
	}
	if backupPath, err = f.backup(info, now); err != nil {
		return "", fmt.Errorf("back up %s: %w", f.Path, err)
	}
	if err := replace(f.Path, edited, info); err != nil {
		return "", errors.Join(fmt.Errorf("write %s: %w", f.Path, err), os.Remove(backupPath))
	}
	if err := syncDir(filepath.Dir(f.Path)); err != nil {
		return backupPath, fmt.Errorf("write %s: the new text is in place but may be lost in a power cut: %w", f.Path, err)
	}
	parsed.ClusterName = f.Topology.ClusterName
	f.Data, f.Topology, f.Hash = edited, parsed, hash(edited)
	if info, err := os.Stat(f.Path); err == nil {
		f.ModTime = info.ModTime()
	}
	return backupPath, nil
}

// lock takes a lock on the file itself. A lock file beside it would stay behind
// in tiup's directory, owned by whoever came first. The lock is that of the
// inode: a writer that was waiting for an inode since replaced finds so in
// unchanged.
func lock(path string) (*os.File, error) {
	// Opened for writing because NFS grants an exclusive flock only then.
	held, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("write %s: %w", path, ErrChanged)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return held, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = &LockedError{Path: path}
	default:
		err = fmt.Errorf("lock %s: %w", path, err)
	}
	return nil, errors.Join(err, held.Close())
}

// Unmoved reports whether the file may be written: nil when it is what was read
// and tiup does not lock it, else as Write does. It is for those who change other
// things first.
func (f *File) Unmoved() error {
	held, err := lock(f.Path)
	if err != nil {
		return err
	}
	defer held.Close() // releases the lock
	if _, err := f.unchanged(held); err != nil {
		return err
	}
	return f.CheckScaleOut()
}

// unchanged compares the file with what was read. held is the locked file.
func (f *File) unchanged(held *os.File) (fs.FileInfo, error) {
	info, err := held.Stat()
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", f.Path, err)
	}
	current, err := os.Stat(f.Path)
	if err != nil || !os.SameFile(info, current) {
		return nil, fmt.Errorf("write %s: %w", f.Path, ErrChanged)
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", f.Path, err)
	}
	if hash(data) != f.Hash {
		return nil, fmt.Errorf("write %s: %w", f.Path, ErrChanged)
	}
	return info, nil
}

// backup keeps the old text under a name that is still free.
func (f *File) backup(info fs.FileInfo, now time.Time) (string, error) {
	dir, base := filepath.Dir(f.Path), filepath.Base(f.Path)
	ext := filepath.Ext(base)
	name := fmt.Sprintf("%s-%s%s", strings.TrimSuffix(base, ext), now.Format(time.RFC3339Nano), ext)
	if f.clusterDir == "" {
		name += ".bak"
	} else {
		dir = filepath.Join(f.clusterDir, "backup")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, name)
	old, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return "", err
	}
	_, err = old.Write(f.Data)
	err = errors.Join(err, old.Sync(), old.Close())
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// replace puts data in the place of the file in one step. renameio keeps the
// mode and syncs the file; owner and directory are left to do.
func replace(path string, data []byte, info fs.FileInfo) error {
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer func() { _ = pending.Cleanup() }() // of a file that replaced the old one, it fails and has nothing to do
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := pending.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("keep the owner: %w", err)
		}
		// A change of owner clears the setuid bits, and permission bits with them.
		if err := pending.Chmod(info.Mode()); err != nil {
			return err
		}
	}
	if _, err := pending.Write(data); err != nil {
		return err
	}
	return pending.CloseAtomicallyReplace()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
