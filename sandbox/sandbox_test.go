package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bundle is a running sandbox and a client for it.
type bundle struct {
	*Server

	t      *testing.T
	url    string
	secret string
	client *http.Client
}

// answer is a response with its JSON decoded.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func start(t *testing.T, opts Options) *bundle {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	opts.SlowMin, opts.SlowMax = 20*time.Millisecond, 40*time.Millisecond
	if opts.SettleAfter == 0 {
		opts.SettleAfter = 20 * time.Millisecond
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		web.Close()
	})
	return &bundle{Server: s, t: t, url: web.URL, secret: "sk_sandbox_one", client: &http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send returns the answer, or the transport's error.
func (b *bundle) send(method, path, contentType, key, body string, header ...string) (answer, error) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.secret)
	req.Header.Set("Content-Type", contentType)
	if key != "" {
		req.Header["Idempotency-Key"] = []string{key}
		req.GetBody = nil // the transport must not send it again by itself
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if json.Unmarshal(text, &a.json) != nil {
		a.json = nil
	}
	return a, nil
}

func (b *bundle) must(a answer, err error) answer {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bundle) get(path string) answer {
	b.t.Helper()
	return b.must(b.send("GET", path, "", "", ""))
}

func (b *bundle) post(path, key string, body any) answer {
	b.t.Helper()
	return b.must(b.tryPost(path, key, body))
}

func (b *bundle) tryPost(path, key string, body any) (answer, error) {
	b.t.Helper()
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(body); err != nil {
		b.t.Fatal(err)
	}
	return b.send("POST", path, "application/json", key, text.String())
}

func (b *bundle) form(path, key string, pairs ...string) answer {
	b.t.Helper()
	return b.must(b.tryForm(path, key, pairs...))
}

func (b *bundle) tryForm(path, key string, pairs ...string) (answer, error) {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return b.send("POST", path, "application/x-www-form-urlencoded", key, values.Encode())
}

// charges counts the charges really made for one payment.
func (b *bundle) charges(payment string) int { return len(b.Ledger(payment).Charges) }

func chargeBody(reference, payment, token string) map[string]any {
	return map[string]any{
		"reference": reference, "payment_reference": payment, "amount": 1250, "currency": "EUR", "token": token,
	}
}

// text digs a string out of nested objects.
func (a answer) text(path ...string) string {
	var at any = a.json
	for _, name := range path {
		object, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = object[name]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status = %d, want %d; body %s", a.status, status, a.body)
	}
	return a
}

// eventually waits for what the sandbox does by itself after a while.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		<-tick.C
	}
}

func journalPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "ledger.jsonl")
}
