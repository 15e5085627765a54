package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	fileMode   = 0o600
	folderMode = 0o700
	othersMode = 0o077
	// maxFileSize is far beyond a key set, and far below what hurts.
	maxFileSize = 1 << 20
)

// fileStamp tells whether a file was written since.
type fileStamp struct {
	size     int64
	modified time.Time
}

// ReadFile reads a key set from a file that only its owner may read.
func ReadFile(path string) (*Keys, error) {
	set, stamp, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return &Keys{path: path, set: set, stamp: stamp}, nil
}

// ReadOrCreateFile is ReadFile, except that it makes the file, with a new key,
// if it is not there. It says whether it did: a new key opens nothing that is
// already stored.
func ReadOrCreateFile(path string) (keys *Keys, created bool, err error) {
	if keys, err = ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	fresh, err := Generate()
	if err != nil {
		return nil, false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return nil, false, fmt.Errorf("create folder of key file: %w", err)
	}
	written, err := writeNew(fresh.set, path)
	if err != nil {
		return nil, false, err
	}
	linkErr, removeErr := os.Link(written, path), os.Remove(written)
	if linkErr != nil && !errors.Is(linkErr, fs.ErrExist) { // it exists when another process was first
		return nil, false, fmt.Errorf("create key file: %w", linkErr)
	}
	if removeErr != nil {
		return nil, false, fmt.Errorf("clean up after key file: %w", removeErr)
	}
	if err := syncFolder(path); err != nil {
		return nil, false, err
	}
	keys, err = ReadFile(path)
	return keys, linkErr == nil, err
}

// Rotate adds a new key to the key file and makes it the primary. The old keys
// stay, since stored values still need them. Two rotations at once cannot lose
// each other's key: the second is refused.
func (k *Keys) Rotate() error {
	if k.path == "" {
		return ErrNoFile
	}
	lock := k.path + ".lock"
	held, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("rotate key: another rotation is under way; if none is, remove %s", lock)
	}
	if err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	err = k.rotateLocked()
	return errors.Join(err, held.Close(), os.Remove(lock))
}

func (k *Keys) rotateLocked() error {
	onDisk, err := ReadFile(k.path) // not what this process read at its start
	if err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	next, err := onDisk.WithNewPrimary()
	if err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	written, err := writeNew(next.set, k.path)
	if err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	if err := os.Rename(written, k.path); err != nil {
		return fmt.Errorf("rotate key: %w", errors.Join(err, os.Remove(written)))
	}
	if err := syncFolder(k.path); err != nil {
		return fmt.Errorf("rotate key: %w", err)
	}
	_, err = k.reload()
	return err
}

// reload reads the key file again if it was written since, and returns the
// keys now in use.
func (k *Keys) reload() (keySet, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.path == "" {
		return k.set, nil
	}
	info, err := os.Stat(k.path)
	if err != nil {
		return keySet{}, fmt.Errorf("read key file again: %w", err)
	}
	if stampOf(info) == k.stamp {
		return k.set, nil
	}
	set, stamp, err := readFile(k.path)
	if err != nil {
		return keySet{}, err
	}
	k.set, k.stamp = set, stamp
	return set, nil
}

func readFile(path string) (keySet, fileStamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return keySet{}, fileStamp{}, fmt.Errorf("read key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileSize {
		return keySet{}, fileStamp{}, fmt.Errorf("key file %s is not a file with a key set", path)
	}
	// Windows reports no such bits; its access lists are the folder's.
	if mode := info.Mode().Perm(); mode&othersMode != 0 && runtime.GOOS != "windows" {
		return keySet{}, fileStamp{}, fmt.Errorf("key file %s is open to others (mode %04o): run chmod 600 %s", path, mode, path)
	}
	encoded, err := os.ReadFile(path)
	if err != nil {
		return keySet{}, fileStamp{}, fmt.Errorf("read key file: %w", err)
	}
	set, err := decode(string(encoded))
	if err != nil {
		return keySet{}, fileStamp{}, fmt.Errorf("key file %s: %w", path, err)
	}
	return set, stampOf(info), nil
}

func stampOf(info fs.FileInfo) fileStamp {
	return fileStamp{size: info.Size(), modified: info.ModTime()}
}

// writeNew writes the keys to a new file beside path and returns its name.
func writeNew(set keySet, path string) (string, error) {
	encoded, err := set.encode()
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("create key file: %w", err)
	}
	_, err = file.WriteString(encoded.Reveal() + "\n")
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("write key file: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return file.Name(), nil
}

// syncFolder makes a new name in path's folder survive a power cut.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // cannot open folders; NTFS journals names itself
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("sync folder of key file: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sync folder of key file: %w", err)
	}
	return nil
}
