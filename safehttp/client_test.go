package safehttp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/safehttp/safehttptest"
)

// serve starts a server and returns its port and the number of requests it got.
func serve(t *testing.T, handler http.HandlerFunc) (port string, hits *atomic.Int32) {
	t.Helper()
	hits = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, hits
}

func get(t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
	return resp, err
}

func TestBlockPrivate(t *testing.T) {
	t.Parallel()
	port, hits := serve(t, func(http.ResponseWriter, *http.Request) {})

	t.Run("no spelling of loopback gets through", func(t *testing.T) {
		t.Parallel()
		// A resolver that reads odd spellings, where net asks for them, as loopback.
		resolver := safehttptest.DNS(t, func() [4]byte { return [4]byte{127, 0, 0, 1} })
		client := New(Options{BlockPrivate: true, Resolver: resolver, Timeout: 3 * time.Second})
		for _, host := range []string{
			"127.0.0.1", "localhost", "LOCALHOST", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
			"0.0.0.0", "0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
		} {
			if _, err := get(t, client, "http://"+host+":"+port); err == nil {
				t.Errorf("%s was reached", host)
			}
		}
		if hits.Load() != 0 {
			t.Errorf("%d requests got through", hits.Load())
		}
	})

	t.Run("the error says why", func(t *testing.T) {
		t.Parallel()
		_, err := get(t, New(Options{BlockPrivate: true}), "http://127.0.0.1:"+port)
		if !errors.Is(err, ErrPrivateAddress) || !strings.Contains(err.Error(), "127.0.0.1 is loopback") {
			t.Errorf("error %v", err)
		}
	})
}

func TestAllow(t *testing.T) {
	t.Parallel()
	port, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	for name, opts := range map[string]Options{
		"nothing is blocked":  {},
		"the network is open": {BlockPrivate: true, Allow: prefixes(t, "127.0.0.0/8")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := get(t, New(opts), "http://127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			if body, _, err := ReadAll(resp, 100); err != nil || string(body) != DefaultUserAgent {
				t.Errorf("answer %q, %v, want the user agent", body, err)
			}
		})
	}
}

func TestRebinding(t *testing.T) {
	t.Parallel()
	port, hits := serve(t, func(http.ResponseWriter, *http.Request) {})
	var lookups atomic.Int32
	resolver := safehttptest.DNS(t, func() [4]byte {
		if lookups.Add(1) == 1 {
			return [4]byte{93, 184, 216, 34}
		}
		return [4]byte{127, 0, 0, 1}
	})

	// A guard that resolves first and dials later is fooled.
	first, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.test")
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{BlockPrivate: true, Resolver: resolver, Timeout: 3 * time.Second}
	if err := opts.permit(first[0]); err != nil {
		t.Fatalf("first look-up: %v, want a public address", err)
	}
	naive := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: resolver}).DialContext}}
	if _, err := get(t, naive, "http://rebind.test:"+port); err != nil || hits.Load() != 1 {
		t.Fatalf("unguarded request: %v, %d hits, want it to get through", err, hits.Load())
	}

	_, err = get(t, New(opts), "http://rebind.test:"+port)
	if !errors.Is(err, ErrPrivateAddress) {
		t.Errorf("error %v, want a private address", err)
	}
	if hits.Load() != 1 {
		t.Errorf("the server was reached")
	}
}

// A redirect is the answer, on the same host as to another.
func TestRedirects(t *testing.T) {
	t.Parallel()
	other, otherHits := serve(t, func(http.ResponseWriter, *http.Request) {})
	port, hits := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "http://127.0.0.1:"+other, http.StatusTemporaryRedirect)
		case "/moved":
			http.Redirect(w, r, "/here", http.StatusTemporaryRedirect)
		}
	})
	for i, path := range []string{"/moved", "/away"} {
		resp, err := get(t, New(Options{}), "http://127.0.0.1:"+port+path)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusTemporaryRedirect || hits.Load() != int32(i+1) {
			t.Errorf("%s: status %d after %d requests", path, resp.StatusCode, hits.Load())
		}
	}
	if otherHits.Load() != 0 {
		t.Errorf("the other host was reached")
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	port, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				fmt.Fprint(w, "x")
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
			}
		}
	})
	for _, path := range []string{"/hang", "/drip"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			client := New(Options{Timeout: 300 * time.Millisecond})
			start := time.Now()
			resp, err := get(t, client, "http://127.0.0.1:"+port+path)
			if err == nil {
				_, _, err = ReadAll(resp, 1<<20)
			}
			if !IsTimeout(err) || Classify(err) != PhaseTimeout {
				t.Errorf("error %v (%s), want a time-out", err, Classify(err))
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	port, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", 1<<20))
	})
	if _, err := get(t, New(Options{}), "http://127.0.0.1:"+port); err == nil {
		t.Error("a megabyte of headers was accepted")
	}
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	proxyPort, proxyHits := serve(t, func(http.ResponseWriter, *http.Request) {})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+proxyPort)
	t.Setenv("http_proxy", "http://127.0.0.1:"+proxyPort)
	resolver := safehttptest.DNS(t, func() [4]byte { return [4]byte{127, 0, 0, 1} })
	port, hits := serve(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := get(t, New(Options{Resolver: resolver}), "http://shop.test:"+port); err != nil {
		t.Fatal(err)
	}
	if proxyHits.Load() != 0 || hits.Load() != 1 {
		t.Errorf("%d requests to the proxy, %d to the server, want 0 and 1", proxyHits.Load(), hits.Load())
	}
}
