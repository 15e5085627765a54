package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/workers"
)

// A node that fails ends what it started, instead of waiting for it for ever.
func TestServeEndsWhatItStarted(t *testing.T) {
	t.Parallel()
	c := &Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Log: "error"}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	ended := make(chan error, 1)
	go func() {
		ended <- serve(t.Context(), c, serveOptions{
			workers: true, policy: payments.DefaultPolicy(), jobs: workers.DefaultOptions(), grace: time.Second,
			ready: func(ctx context.Context, a *app) error {
				a.background.Go(func() { <-ctx.Done() })
				return broken
			},
		})
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, broken) {
			t.Errorf("serve ended with %v, want why it failed", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("serve waits for what it started")
	}
}
