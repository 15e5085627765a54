package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func createFile(t *testing.T) (*Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data", "key")
	keys, created, err := ReadOrCreateFile(path)
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	return keys, path
}

func TestReadOrCreateFile(t *testing.T) {
	t.Parallel()
	keys, path := createFile(t)
	sealed := seal(t, keys, "sk_test_123")

	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %04o, want 0600", mode)
	}
	again, created, err := ReadOrCreateFile(path)
	if err != nil || created {
		t.Fatalf("second time: created %v, %v", created, err)
	}
	if opened, err := again.Open(place, sealed); err != nil || string(opened) != "sk_test_123" {
		t.Errorf("opened %q, %v", opened, err)
	}
	assertAlone(t, path)
}

func TestCreateFileRace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	const starters = 8
	var group sync.WaitGroup
	keys := make([]*Keys, starters)
	created := make([]bool, starters)
	for i := range starters {
		group.Go(func() {
			var err error
			if keys[i], created[i], err = ReadOrCreateFile(path); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	creators := 0
	sealed := seal(t, keys[0], "shared")
	for i := range starters {
		if created[i] {
			creators++
		}
		if _, err := keys[i].Open(place, sealed); err != nil {
			t.Errorf("starter %d has other keys: %v", i, err)
		}
	}
	if creators != 1 {
		t.Errorf("%d created the file, want 1", creators)
	}
	assertAlone(t, path)
}

func TestReadFileRefuses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Log("modes do not tell on Windows")
		return
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o644, 0o660, 0o620, 0o601} {
		_, path := createFile(t)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		if err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %04o: %v, want the remedy", mode, err)
		}
		if _, _, err := ReadOrCreateFile(path); err == nil {
			t.Errorf("mode %04o: ReadOrCreateFile accepted it", mode)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v, want fs.ErrNotExist", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("a folder was accepted")
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadOrCreateFile(broken); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("broken file: %v, want an error without its content", err)
	}
	if content, err := os.ReadFile(broken); err != nil || string(content) != "hunter2" {
		t.Errorf("broken file was changed to %q, %v", content, err)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	keys, path := createFile(t)
	server, err := ReadFile(path) // another process, started before
	if err != nil {
		t.Fatal(err)
	}
	var sealed []string
	for range 3 {
		sealed = append(sealed, seal(t, keys, "old"))
		if err := keys.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	fresh := seal(t, keys, "new")
	for i, text := range sealed {
		if opened, err := keys.Open(place, text); err != nil || string(opened) != "old" {
			t.Errorf("value %d: %q, %v", i, opened, err)
		}
		if !keys.NeedsReseal(text) {
			t.Errorf("value %d needs no reseal", i)
		}
	}
	if keys.NeedsReseal(fresh) {
		t.Error("a fresh value needs a reseal")
	}
	if opened, err := server.Open(place, fresh); err != nil || string(opened) != "new" {
		t.Errorf("a process that runs since before the rotation: %q, %v", opened, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %04o, want 0600", mode)
	}
	assertAlone(t, path)
}

func TestRotateRace(t *testing.T) {
	t.Parallel()
	_, path := createFile(t)
	const processes = 8
	var group sync.WaitGroup
	sealed := make([]string, processes)
	for i := range processes {
		group.Go(func() {
			keys, err := ReadFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			if keys.Rotate() == nil { // refused while another one rotates
				sealed[i], err = keys.Seal(place, []byte("x"))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	keys, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rotations := 0
	for i, text := range sealed {
		if text == "" {
			continue
		}
		rotations++
		if _, err := keys.Open(place, text); err != nil {
			t.Errorf("the key of rotation %d is lost: %v", i, err)
		}
	}
	if rotations == 0 {
		t.Error("no rotation succeeded")
	}
	assertAlone(t, path)
}

func TestRotateAfterCrash(t *testing.T) {
	t.Parallel()
	keys, path := createFile(t)
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keys.Rotate(); err == nil || !strings.Contains(err.Error(), "remove "+path+".lock") {
		t.Errorf("error %v, want the remedy", err)
	}
}

// assertAlone fails when something was left beside the key file.
func assertAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("%d files beside the key file, want none: %v", len(entries)-1, entries)
	}
}
