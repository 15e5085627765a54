package handlers

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestKeyLimiter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 9, 30, 0, 0, time.UTC)
	l := newKeyLimiter()
	l.now = func() time.Time { return now }
	for i := range keyBurst {
		if left, wait := l.take("a"); wait > 0 || left != keyBurst-1-i {
			t.Fatalf("request %d: %d left, wait %v", i, left, wait)
		}
	}
	if left, wait := l.take("a"); left != 0 || wait <= 0 || wait > time.Second/keyRate {
		t.Errorf("beyond the burst: %d left, wait %v", left, wait)
	}
	if _, wait := l.take("b"); wait > 0 {
		t.Error("one key limits another")
	}
	now = now.Add(time.Second)
	for range keyRate {
		if _, wait := l.take("a"); wait > 0 {
			t.Fatal("the rate of a second was not given back")
		}
	}
	for i := range keysAtOnce + 10 {
		l.take(fmt.Sprint(i))
	}
	if len(l.keys) > keysAtOnce {
		t.Errorf("%d keys are remembered", len(l.keys))
	}
}

func TestAPIRateLimit(t *testing.T) {
	t.Parallel()
	shop := newSite(t, modelstest.SQLite(t)).newClient(t)
	first := shop.get("/api/v1/orders").want(t, http.StatusOK)
	if first.header.Get("RateLimit-Limit") != "200" || first.header.Get("RateLimit-Remaining") == "" || first.header.Get("RateLimit-Reset") == "" {
		t.Errorf("headers %v", first.header)
	}
	for range 100 * keyBurst { // this machine may be slower than the rate
		r := shop.get("/api/v1/orders/42")
		if r.status == http.StatusNotFound {
			continue
		}
		r.problem(t, http.StatusTooManyRequests, "rate_limited")
		if r.header.Get("Retry-After") != "1" || r.header.Get("RateLimit-Remaining") != "0" {
			t.Errorf("headers %v", r.header)
		}
		return
	}
	t.Error("no request was limited")
}

// TestAPIBodyBeyondServerLimit sends what the server itself refuses to read.
func TestAPIBodyBeyondServerLimit(t *testing.T) {
	t.Parallel()
	shop := newSite(t, modelstest.SQLite(t)).newClient(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- shop.site.app.Listener(listener) }()
	t.Cleanup(func() {
		if err := shop.site.app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/orders HTTP/1.1\r\nHost: tillpost.test\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", shop.key, 64<<20)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply{status: res.StatusCode, header: res.Header, body: string(body)}.problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
}

func TestAPIWithoutDatabase(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := newSite(t, db)
		shop := site.newClient(t)
		shop.get("/api/v1/orders").want(t, http.StatusOK)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, r := range []reply{shop.get("/api/v1/orders"), shop.post("/api/v1/orders", minimal("", ""))} {
			r.problem(t, http.StatusServiceUnavailable, "unavailable")
			if r.header.Get("Retry-After") == "" || strings.Contains(r.body, "sql") {
				t.Errorf("answer %v %s", r.header, r.body)
			}
		}
		site.call(t, "GET", "/api/v1/orders", "", "Authorization", "Bearer tp_00000000_0000000000000000000000000000000000").problem(t, http.StatusServiceUnavailable, "unavailable")
	})
}
