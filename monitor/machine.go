package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// machineEvery is how often a node looks at what changes slowly.
const machineEvery = 5 * time.Minute

// Machine is what a node looks at now and then: its disk, the newest backup,
// and whether the stored secrets can be opened with its keys.
type Machine struct {
	// Folder is on the disk that must not fill up.
	Folder string
	// Backup is a file, or a folder of files, of which the newest counts; empty
	// when the operator told of none.
	Backup string
	// Unreadable counts the accounts whose secrets cannot be opened; nil: nobody
	// looks.
	Unreadable func(ctx context.Context) (int, error)
	// Certificate says until when that of the public address is valid, nil when it
	// cannot be told; without the function there is none.
	Certificate func(ctx context.Context) *time.Time
	Log         *slog.Logger

	mu    sync.Mutex
	asked time.Time
	last  State
}

// State is what a Machine saw last. What could not be seen is -1.
type State struct {
	DiskFree, DiskSize int64         // bytes; -1: unknown
	BackupAge          time.Duration // -1: there is no backup, or nobody told where
	Unreadable         int           // accounts; -1: nobody could look
	Certificate        *time.Time    // its end; nil: unknown
}

var (
	diskFree    = describe("disk_free_bytes", "Room left on the disk of the data folder.")
	diskSize    = describe("disk_size_bytes", "Size of the disk of the data folder.")
	backupAge   = describe("backup_age_seconds", "Age of the newest backup, where TILLPOST_BACKUP_PATH says; -1: there is none.")
	certificate = describe("certificate_expiry_timestamp_seconds", "When the certificate of the public https address expires.")
	unreadable  = describe("secrets_undecryptable", "Accounts whose secrets cannot be opened with this node's keys.")
)

// Describe implements prometheus.Collector.
func (*Machine) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{diskFree, diskSize, backupAge, certificate, unreadable} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Machine) Collect(metrics chan<- prometheus.Metric) {
	to, s := gauges(metrics), m.State()
	if s.DiskSize > 0 {
		to.set(diskFree, float64(s.DiskFree))
		to.set(diskSize, float64(s.DiskSize))
	}
	switch {
	case s.BackupAge >= 0:
		to.set(backupAge, s.BackupAge.Seconds())
	case m.Backup != "":
		to.set(backupAge, -1)
	}
	if s.Certificate != nil {
		to.set(certificate, float64(s.Certificate.Unix()))
	}
	if s.Unreadable >= 0 {
		to.set(unreadable, float64(s.Unreadable))
	}
}

// State looks again when it did not lately.
func (m *Machine) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.asked) < machineEvery {
		return m.last
	}
	m.asked = time.Now()
	m.last = State{DiskFree: -1, DiskSize: -1, BackupAge: -1, Unreadable: -1}
	if free, size, err := disk(m.Folder); err != nil {
		m.Log.Warn("the disk cannot be looked at", "error", err)
	} else {
		m.last.DiskFree, m.last.DiskSize = free, size
	}
	if newest, err := newestFile(m.Backup); err == nil {
		m.last.BackupAge = max(0, time.Since(newest))
	} else if m.Backup != "" {
		m.Log.Warn("no backup is found", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
	defer cancel()
	if m.Certificate != nil {
		m.last.Certificate = m.Certificate(ctx)
	}
	if m.Unreadable == nil {
		return m.last
	}
	if n, err := m.Unreadable(ctx); err != nil {
		m.Log.WarnContext(ctx, "the secrets were not checked", "error", err)
	} else {
		m.last.Unreadable = n
	}
	return m.last
}

var errNoBackup = errors.New("no file is there")

// newestFile is when the file, or the newest of a folder's files, was written.
// Empty files are no backups.
func newestFile(path string) (time.Time, error) {
	var newest time.Time
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil // deleted meanwhile, as old backups are
		}
		if err != nil {
			return fmt.Errorf("look at a backup: %w", err)
		}
		if info.Size() > 0 && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	if err == nil && newest.IsZero() {
		err = errNoBackup
	}
	return newest, err
}
