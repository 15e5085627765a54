package chaos

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// startLimit is how long a node may take to be ready.
const startLimit = 2 * time.Minute

// node is the process under test.
type node struct {
	start func(ctx context.Context) *exec.Cmd
	ready string // base URL of the API
	cmd   *exec.Cmd
	ended chan error
}

// run starts the process and waits until it is ready.
func (n *node) run(ctx context.Context) error {
	n.cmd = n.start(ctx)
	if err := n.cmd.Start(); err != nil {
		return err
	}
	n.ended = make(chan error, 1)
	go func() { n.ended <- n.cmd.Wait() }()
	url := strings.TrimSuffix(n.ready, "/api/v1") + "/readyz"
	deadline := time.Now().Add(startLimit)
	for time.Now().Before(deadline) {
		select {
		case err := <-n.ended:
			n.ended <- err
			return errors.Join(errNotReady, err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		response, err := http.Get(url) // loopback, bounded by the loop
		if err != nil {
			continue
		}
		_ = response.Body.Close() // its status is all that counts
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errNotReady
}

// kill ends the process as a power cut would, and reaps it.
func (n *node) kill() {
	if n.cmd == nil || n.cmd.Process == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGKILL) // fails only when it is dead already
	<-n.ended
	n.cmd = nil
}
