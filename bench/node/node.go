// Package node runs the program under test as a process of its own.
package node

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

const (
	// startLimit is how long a node may take to be ready, and stopLimit to end.
	startLimit = 2 * time.Minute
	stopLimit  = 40 * time.Second
)

// errNotReady is the error of a node that is not ready in time, or ends before.
var errNotReady = errors.New("the program did not become ready")

// Node is the program, which may be started again after it has ended.
type Node struct {
	prepare func(ctx context.Context) *exec.Cmd
	url     string
	cmd     *exec.Cmd // nil: it does not run
	ended   chan error
}

// New is a node that listens at a base URL. Prepare makes the command that
// starts it.
func New(url string, prepare func(ctx context.Context) *exec.Cmd) *Node {
	return &Node{url: url, prepare: prepare}
}

// Start runs the program and waits until it is ready.
func (n *Node) Start(ctx context.Context) error {
	cmd := n.prepare(ctx)
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.ended = cmd, make(chan error, 1)
	go func(ended chan<- error) { ended <- cmd.Wait() }(n.ended)
	for deadline := time.Now().Add(startLimit); time.Now().Before(deadline); {
		select {
		case err := <-n.ended:
			n.cmd = nil
			return errors.Join(errNotReady, err)
		case <-ctx.Done():
			n.Kill()
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		response, err := http.Get(n.url + "/readyz") // loopback, bounded by the loop
		if err != nil {
			continue
		}
		_ = response.Body.Close() // its status is all that counts
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	n.Kill()
	return errNotReady
}

// Kill ends the program as a power cut would, and reaps it.
func (n *Node) Kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGKILL) // fails only when it is dead already
	<-n.ended
	n.cmd = nil
}

// Stop ends the program in order.
func (n *Node) Stop() error {
	if n.cmd == nil {
		return nil
	}
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-n.ended:
		n.cmd = nil
		return err
	case <-time.After(stopLimit):
		n.Kill()
		return errors.New("the program does not stop")
	}
}
