package carrierstest

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/safehttp"
)

const page = "<!DOCTYPE html><html><head><title>Sorry</title></head><body>We are improving our site.</body></html>"

// unreadable is about answers that came whole and still say nothing.
func unreadable(t *testing.T, s Spec) {
	t.Helper()
	language, deeper := `<?xml version="1.0"?><tracking/>`, "["
	if s.XML {
		language, deeper = `{"tracking":{}}`, "<tracking>"
		t.Run("another document", func(t *testing.T) {
			wantKind(t, s.ask(t.Context(), t, Reply{http.StatusOK, `<?xml version="1.0"?><tracking/>`}), carriers.ErrMalformed)
		})
	}
	for name, body := range map[string]string{
		"a web page":           page,
		"nothing":              "",
		"half an answer":       s.Success.Body[:len(s.Success.Body)/2],
		"an answer and a half": s.Success.Body + s.Success.Body[:len(s.Success.Body)/2],
		"a list":               "[]",
		"a number":             "42",
		"null":                 "null",
		"an empty object":      "{}",
		"words":                "Bad Gateway",
		"another language":     language,
		"binary":               "\x00\x01\xff\xfe",
		"nested to the sky":    strings.Repeat(deeper, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, s.ask(t.Context(), t, Reply{http.StatusOK, body}), carriers.ErrMalformed)
		})
	}
	t.Run("a web page as an error", func(t *testing.T) {
		for status, want := range map[int]carriers.ErrorKind{
			http.StatusBadGateway:         carriers.ErrUnavailable,
			http.StatusServiceUnavailable: carriers.ErrUnavailable,
			http.StatusNotFound:           carriers.ErrMalformed, // the address is wrong, not the number
			http.StatusTooManyRequests:    carriers.ErrRateLimited,
			http.StatusUnauthorized:       carriers.ErrAuth,
		} {
			wantKind(t, s.ask(t.Context(), t, Reply{status, page}), want)
		}
	})
	t.Run("without an end", func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := s.ask(t.Context(), t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			chunk := strings.Repeat(`{"shipments":[],"parcels":[],"x":"`, 1000)
			for range 6000 { // 200 MB
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}))
		runtime.ReadMemStats(&after)
		wantKind(t, got, carriers.ErrMalformed)
		if len(got.Err.Raw) > 128<<10 {
			t.Errorf("%d bytes of it were kept", len(got.Err.Raw))
		}
		// Other tests allocate meanwhile, so the bound is loose.
		if after.HeapInuse > before.HeapInuse+64<<20 {
			t.Errorf("the heap grew by %d MiB", (after.HeapInuse-before.HeapInuse)>>20)
		}
	})
}

// network is about answers that do not arrive.
func network(t *testing.T, s Spec) {
	t.Helper()
	t.Run("outages", func(t *testing.T) {
		for _, status := range []int{500, 502, 503, 504, 520, 408} {
			wantKind(t, s.ask(t.Context(), t, Reply{status, `{"error":"x"}`}), carriers.ErrUnavailable)
		}
	})
	t.Run("no answer in time", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got := s.ask(ctx, t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		wantKind(t, got, carriers.ErrUnavailable)
	})
	t.Run("an answer that drips", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got := s.ask(ctx, t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, s.Success.Body[:len(s.Success.Body)/2]) // the reader may have left
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
			<-r.Context().Done()
		}))
		wantKind(t, got, carriers.ErrUnavailable)
	})
	t.Run("an answer that breaks off", func(t *testing.T) {
		got := s.ask(t.Context(), t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(s.Success.Body)))
			_, _ = io.WriteString(w, s.Success.Body[:len(s.Success.Body)/2]) // the reader may have left
		}))
		wantKind(t, got, carriers.ErrUnavailable)
	})
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(s.Success)
		server.Close()
		account := s.Account
		account.BaseURL = server.URL
		got := s.New(safehttp.New(safehttp.Options{})).Track(t.Context(), account, []carriers.Parcel{s.Parcel})[0]
		s.check(t, got)
		wantKind(t, got, carriers.ErrUnavailable)
	})
}

// rootTag finds where an XML document's root begins.
var rootTag = regexp.MustCompile(`^(?s)\s*(?:<\?.*?\?>\s*)?(?:<!--.*?-->\s*)*<[A-Za-z][^>]*>`)

// secrecy is about credentials that must stay between us and the carrier.
func secrecy(t *testing.T, s Spec) {
	t.Helper()
	echo := func(r *http.Request) string { return fmt.Sprintf("%q %q", r.URL, fmt.Sprint(r.Header)) }
	t.Run("an echo of the question as an error", func(t *testing.T) {
		for _, status := range []int{400, 401, 403, 404, 429, 500} {
			s.ask(t.Context(), t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := fmt.Sprintf(`{"title":%q,"detail":%q,"message":%q}`, "x", echo(r), echo(r))
				if s.XML {
					body = fmt.Sprintf("<error title='x'><code>x</code><message>%s</message></error>", html.EscapeString(echo(r)))
				}
				Reply{status, body}.ServeHTTP(w, r)
			}))
		}
	})
	t.Run("an echo of the question beside the answer", func(t *testing.T) {
		got := s.ask(t.Context(), t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := strings.Replace(s.Success.Body, "{", fmt.Sprintf(`{"echo":%q,`, echo(r)), 1)
			if s.XML {
				body = rootTag.ReplaceAllStringFunc(s.Success.Body, func(tag string) string {
					return tag + "<echo>" + html.EscapeString(echo(r)) + "</echo>"
				})
			}
			Reply{http.StatusOK, body}.ServeHTTP(w, r)
		}))
		if got.Err != nil {
			t.Errorf("a further field hurt: %v", got.Err)
		}
	})
	t.Run("a redirect is not followed", func(t *testing.T) {
		var reached atomic.Bool
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reached.Store(true)
			s.Success.ServeHTTP(w, r)
		}))
		defer other.Close()
		got := s.ask(t.Context(), t, http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
		wantKind(t, got, carriers.ErrMalformed)
		if reached.Load() {
			t.Error("the credentials went to another host")
		}
	})
}

// connection is about the test of an account's credentials.
func connection(t *testing.T, s Spec) {
	t.Helper()
	test := func(reply Reply) error {
		server := httptest.NewServer(s.after(reply))
		defer server.Close()
		account := s.Account
		account.BaseURL = server.URL
		tester, _ := s.New(safehttp.New(safehttp.Options{})).(carriers.Tester)
		_, err := tester.Test(t.Context(), account)
		return err
	}
	if err := test(s.Success); err != nil {
		t.Errorf("good credentials: %v", err)
	}
	for name, reply := range map[string]Reply{
		"refused credentials": s.Auth,
		"an outage":           {http.StatusBadGateway, page},
		"another site":        {http.StatusNotFound, page},
	} {
		err := test(reply)
		if err == nil {
			t.Errorf("%s: the test passed", name)
			continue
		}
		s.clean(t, name, err.Error())
	}
}

// Fuzz looks for answers that break a carrier or its promises.
func Fuzz(f *testing.F, s Spec) {
	for _, reply := range []Reply{s.Success, s.NotFound, s.Auth, s.UnknownCode, s.UnknownDate} {
		f.Add(reply.Status, []byte(reply.Body))
	}
	account := s.Account
	account.BaseURL = "http://carrier.test"
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = http.StatusOK
		}
		client := &http.Client{Transport: canned{s.Before, status, body}}
		got := s.New(client).Track(t.Context(), account, []carriers.Parcel{s.Parcel})
		if len(got) != 1 {
			t.Fatalf("%d answers to one question", len(got))
		}
		s.check(t, got[0])
	})
}

// canned answers without a network.
type canned struct {
	before func(r *http.Request) *Reply
	status int
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := &Reply{c.status, string(c.body)}
	if c.before != nil {
		if early := c.before(r); early != nil {
			reply = early
		}
	}
	return &http.Response{
		StatusCode: reply.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply.Body)), Request: r,
	}, nil
}
