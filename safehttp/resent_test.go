package safehttp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A server executes a request on a connection kept alive, and dies before it
// answers. net/http sends the request again by itself; the second copy is
// refused, which says nothing of the first.
func TestTraceOfResentAndAnsweredRequest(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch calls.Add(1) {
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(server.Close)
	client := New(Options{})
	for i, wantResent := range []bool{false, true} {
		var trace Trace
		req, err := http.NewRequestWithContext(trace.Context(t.Context()), http.MethodPost, server.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "key")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadAll(resp, 1<<10); err != nil {
			t.Fatal(err)
		}
		if got := trace.Resent(); got != wantResent {
			t.Errorf("request %d: Resent = %v, want %v", i+1, got, wantResent)
		}
	}
	if got := calls.Load(); got != 3 {
		t.Errorf("the server got %d requests, want 3", got)
	}
}
