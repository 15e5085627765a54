package stripe

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// TestStripeMock has every request checked against Stripe's OpenAPI
// description, by stripe-mock (github.com/stripe/stripe-mock), which STRIPE_MOCK
// names. `make setup` installs it.
func TestStripeMock(t *testing.T) {
	t.Parallel()
	binary := os.Getenv("STRIPE_MOCK")
	if _, err := os.Stat(binary); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("STRIPE_MOCK does not name stripe-mock: %v", err)
		}
		t.Skipf("STRIPE_MOCK does not name stripe-mock, see make setup: %v", err)
	}
	account := payments.Account{BaseURL: startMock(t, binary), Fields: map[string]string{"secret_key": "sk_test_123"}}
	watch := &watcher{}
	provider := New(&http.Client{Transport: watch, Timeout: 10 * time.Second})
	if err := provider.Test(t.Context(), account); err != nil {
		t.Error(err)
	}
	for _, capture := range []bool{true, false} {
		for _, returnURL := range []string{"", "https://shop.example/thanks"} {
			charge := testCharge()
			charge.Capture, charge.ReturnURL, charge.Customer = capture, returnURL, "cus_123"
			provider.Charge(t.Context(), account, charge)
			provider.Lookup(t.Context(), account, charge)
			charge.StartedAt = time.Now().Add(-48 * time.Hour)
			provider.Lookup(t.Context(), account, charge)
		}
	}
	// The mock's intents are in any state: it takes this to have one canceled.
	if _, x := provider.cancel(t.Context(), account, "pi_123", "abandoned"); x.err != nil {
		t.Errorf("cancel: %v", x.err)
	}
	authorized := testModification(400)
	authorized.Original.ProviderReference = "pi_123"
	provider.Capture(t.Context(), account, authorized)
	provider.Void(t.Context(), account, authorized)
	provider.Cancel(t.Context(), account, authorized.Original)
	refund := testRefund(0)
	refund.Original.ProviderReference = "pi_123"
	provider.Refund(t.Context(), account, refund)
	provider.LookupRefund(t.Context(), account, refund)
	refund.ProviderReference = "re_123"
	provider.LookupRefund(t.Context(), account, refund)
	bodies, _, err := provider.Webhooks(t.Context(), account, time.Now().Add(-time.Hour), "")
	if err != nil {
		t.Errorf("list events: %v", err)
	}
	if _, _, err := provider.Webhooks(t.Context(), account, time.Now().Add(-time.Hour), "evt_123"); err != nil {
		t.Errorf("list events after one: %v", err)
	}
	for _, body := range bodies {
		if _, err := provider.Read(account, body); err != nil {
			t.Errorf("read %s: %v", body, err)
		}
	}
	for _, call := range []string{
		"account", "payment_intents", "confirm", "cancel", "search", "capture", "refunds", "re_123", "events",
	} {
		if watch.calls[call] == 0 {
			t.Errorf("%s was never called: %v", call, watch.calls)
		}
	}
	for _, refused := range watch.refused {
		t.Error(refused)
	}
}

// watcher counts calls by the end of their paths, and notes those that were refused.
type watcher struct {
	mu      sync.Mutex
	calls   map[string]int
	refused []string
}

func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	w.calls[path.Base(r.URL.Path)]++
	if resp.StatusCode != http.StatusOK {
		w.refused = append(w.refused, fmt.Sprintf("%s %s: %s", r.Method, r.URL, resp.Status))
	}
	return resp, nil
}

// startMock runs stripe-mock on a free loopback port until the test ends.
func startMock(t *testing.T, binary string) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	mock := exec.CommandContext(ctx, binary, "-http-addr", address)
	mock.Stdout, mock.Stderr = &log, &log
	if err := mock.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = mock.Wait() // it was killed
		if t.Failed() {
			t.Logf("stripe-mock: %s", log.String())
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatalf("stripe-mock does not answer: %v", err)
		}
		<-tick.C
	}
}
