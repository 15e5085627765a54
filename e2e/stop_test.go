package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The promises about the demo's process.
const (
	stopLimit = 3 * time.Second
	rssLimit  = 120 << 10 // kB
)

// TestDemoStopsWithOpenStreams also looks at the memory that an idle demo has.
func TestDemoStopsWithOpenStreams(t *testing.T) {
	d, err := startDemo("--keep", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first := shared
	shared = d
	b := newTab(t)
	b.signIn("admin")
	shared = first
	b.until(`document.querySelector("[data-state=live]")`)
	if rss, err := residentKB(d.cmd.Process.Pid); err != nil || rss > rssLimit {
		t.Errorf("the demo holds %d kB, want at most %d (%v)", rss, rssLimit, err)
	} else {
		t.Logf("the demo holds %d kB", rss)
	}
	start := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the demo ended with %v", err)
		}
		if took := time.Since(start); took > stopLimit {
			t.Errorf("the demo took %s to stop", took)
		} else {
			t.Logf("the demo stopped in %s", took.Round(time.Millisecond))
		}
	case <-time.After(30 * time.Second):
		t.Error("the demo did not stop")
		_ = d.cmd.Process.Kill() // nothing more to learn
	}
}

// residentKB reads the resident memory of a process.
func residentKB(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			var kb int
			_, err := fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &kb)
			return kb, err
		}
	}
	return 0, fmt.Errorf("process %d tells no VmRSS", pid)
}
