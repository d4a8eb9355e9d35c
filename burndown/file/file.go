// Package file keeps samples in files: a directory for each cluster, a file for
// each day, one JSON object a line. Every line is written at once and at the end,
// so any number of processes may write; a crash leaves at worst a torn line,
// which reading skips.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ebb/burndown"
)

// What is kept: files younger than keepDays, and of these the latest up to
// mostBytes for a cluster. A file that has grown to fullBytes takes no more.
const (
	keepDays  = 30
	mostBytes = 64 << 20
	fullBytes = 32 << 20
)

const (
	extension = ".jsonl"
	dayFormat = "20060102" // of the UTC day
)

// ErrFull is returned for a sample that the file of the day has no room for.
var ErrFull = errors.New("the samples of this day have grown too large")

// Recorder writes the samples of one run. Its methods are for one goroutine.
type Recorder struct {
	dir   string
	begin burndown.Record // what each file begins with
	day   string
}

// New names the directory of a cluster below dir and what the run is about;
// nothing is written before the first sample. begin is of KindWatch.
func New(dir string, clusterID uint64, begin burndown.Record) *Recorder {
	return &Recorder{dir: clusterDir(dir, clusterID), begin: begin}
}

// Append writes a sample.
func (r *Recorder) Append(sample *burndown.Record) error {
	var lines []byte
	day := sample.Time.UTC().Format(dayFormat)
	if day != r.day {
		if err := r.prepare(day, sample.Time); err != nil {
			return fmt.Errorf("record samples: %w", err)
		}
		head := r.begin
		head.Time = sample.Time
		line, err := burndown.Encode(&head)
		if err != nil {
			return err
		}
		lines = line
	}
	line, err := burndown.Encode(sample)
	if err != nil {
		return err
	}
	if err := appendTo(filepath.Join(r.dir, day+extension), append(lines, line...)); err != nil {
		return fmt.Errorf("record samples: %w", err)
	}
	r.day = day
	return nil
}

// prepare makes the directory, removes what is too old or too much, and closes a
// line that a crash has torn.
func (r *Recorder) prepare(day string, now time.Time) error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	if err := prune(r.dir, now); err != nil {
		return err
	}
	path := filepath.Join(r.dir, day+extension)
	torn, err := endsTorn(path)
	if err != nil || !torn {
		return err
	}
	return appendTo(path, []byte{'\n'})
}

func appendTo(path string, lines []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size()+int64(len(lines)) > fullBytes {
		return fmt.Errorf("%s: %w", path, ErrFull)
	}
	// Not synced: a sample that a power cut takes is no loss, and the disk may be
	// the one that a store waits for.
	_, err = f.Write(lines)
	return err
}

func endsTorn(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return last[0] != '\n', err
}

// prune removes the files of long ago, and the oldest of too many.
func prune(dir string, now time.Time) error {
	days, err := daysIn(dir)
	if err != nil {
		return err
	}
	oldest := now.UTC().AddDate(0, 0, -keepDays).Format(dayFormat)
	var kept int64
	for _, path := range slices.Backward(days) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another run has removed it
		}
		if err != nil {
			return err
		}
		kept += info.Size()
		if strings.TrimSuffix(filepath.Base(path), extension) >= oldest && kept <= mostBytes {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// daysIn are the files of a cluster, the oldest first.
func daysIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var days []string
	for _, e := range entries {
		day, ours := strings.CutSuffix(e.Name(), extension)
		if _, err := time.Parse(dayFormat, day); ours && err == nil && e.Type().IsRegular() {
			days = append(days, filepath.Join(dir, e.Name()))
		}
	}
	return days, nil
}

// Read returns all samples of a cluster in the order in which they were written,
// day by day, and counts the lines that could not be understood. A cluster that
// nobody watched has none.
func Read(dir string, clusterID uint64) (records []burndown.Record, skipped int, err error) {
	days, err := daysIn(clusterDir(dir, clusterID))
	if err != nil {
		return nil, 0, fmt.Errorf("read samples: %w", err)
	}
	for _, path := range days {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read samples: %w", err)
		}
		some, bad := burndown.Decode(data)
		records, skipped = append(records, some...), skipped+bad
	}
	return records, skipped, nil
}

// Clusters lists the clusters that have samples, by id.
func Clusters(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list samples: %w", err)
	}
	var ids []uint64
	for _, e := range entries {
		if id, err := strconv.ParseUint(e.Name(), 10, 64); err == nil && e.IsDir() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func clusterDir(dir string, clusterID uint64) string {
	return filepath.Join(dir, strconv.FormatUint(clusterID, 10))
}
