package paymentstest

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// lost are the ways to lose an answer.
var lost = map[string]fault{
	"time-out":          silence,
	"reset":             reset,
	"500":               answer(500, "application/json", `{"error":{"type":"api_error","message":"Oops"}}`),
	"502 with a page":   answer(502, "text/html", "<html><h1>Bad Gateway</h1></html>"),
	"200 with a page":   answer(200, "text/html", "<html><h1>Welcome</h1></html>"),
	"200 with nothing":  answer(200, "application/json", ""),
	"200 with an empty": answer(200, "application/json", "{}"),
	"half of it":        half,
	"without an end":    endless,
	"redirect":          redirect,
	"408":               answer(408, "text/html", "<html><h1>Request Timeout</h1></html>"),
}

func (run runner) lostAnswer(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	for name, spoil := range lost {
		t.Run(name, func(t *testing.T) {
			provider, c := s.provider(t, patience), s.newCharge(s.Tokens.Success)
			s.network.breakCharges(after(spoil))
			r := provider.Charge(t.Context(), s.Account, c)
			s.network.heal()
			wantOutcome(t, r, payments.OutcomeUnknown)
			if len(r.Raw) > payments.MaxRaw {
				t.Errorf("%d bytes of the answer are kept", len(r.Raw))
			}
			for range 2 {
				if found := s.provider(t, calm).Lookup(t.Context(), s.Account, c); found.Outcome != payments.OutcomeUnknown || !s.Blind {
					s.wantTaken(t, found)
				}
				c.ProviderReference = r.ProviderReference
			}
			s.wantOnce(t, c)
		})
	}
}

func (run runner) lostRequest(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	for name, spoil := range map[string]fault{"time-out": silence, "reset": reset, "503": answer(503, "text/html", "<h1>Down</h1>")} {
		t.Run(name, func(t *testing.T) {
			provider, c := s.provider(t, patience), s.newCharge(s.Tokens.Success)
			s.network.breakCharges(spoil)
			r := provider.Charge(t.Context(), s.Account, c)
			s.network.heal()
			wantOutcome(t, r, payments.OutcomeUnknown)
			s.wantNeverMade(t, s.provider(t, calm), c)
		})
	}
}

// A request is stuck in the network while its charge is looked up and not
// found; when it arrives at last it must not charge any more.
func (run runner) lateRequest(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, patience), s.newCharge(s.Tokens.Success)
	release, arrived := make(chan struct{}), make(chan struct{})
	s.network.breakCharges(func(_ http.ResponseWriter, _ *http.Request, forward func() reply) {
		<-release
		forward()
		close(arrived)
	})
	r := provider.Charge(t.Context(), s.Account, c)
	s.network.heal()
	wantOutcome(t, r, payments.OutcomeUnknown)
	c.ProviderReference = r.ProviderReference
	r = s.provider(t, calm).Lookup(t.Context(), s.Account, c)
	close(release)
	<-arrived
	if s.wantNotFound(t, r, c) {
		return
	}
	s.wantCharged(t, c, 0)
	wantOutcome(t, s.provider(t, calm).Lookup(t.Context(), s.Account, c), payments.OutcomeNotFound)
}

// wantNeverMade wants a charge that never arrived to be not found, and not to be made any more.
func (s *suite) wantNeverMade(t *testing.T, provider payments.Provider, c payments.Charge) {
	t.Helper()
	for range 2 {
		if s.wantNotFound(t, provider.Lookup(t.Context(), s.Account, c), c) {
			return
		}
	}
	if r := provider.Charge(t.Context(), s.Account, c); !s.Waits || r.Outcome != payments.OutcomeRequiresAction {
		wantOutcome(t, r, payments.OutcomeNotSent)
	}
	s.wantCharged(t, c, 0)
}

// wantNotFound wants a look-up to find no charge. A blind one may not know, or
// make the charge by sending it again; then there is no more to be wanted.
func (s *suite) wantNotFound(t *testing.T, r payments.Result, c payments.Charge) (done bool) {
	t.Helper()
	if s.Blind && r.Outcome != payments.OutcomeNotFound {
		if r.Outcome == payments.OutcomeSucceeded {
			s.wantCharged(t, c, 1)
			return true
		}
		wantOutcome(t, r, payments.OutcomeUnknown)
		return true
	}
	wantOutcome(t, r, payments.OutcomeNotFound)
	return false
}

func (run runner) neverSent(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Success)
	s.wantNeverMade(t, provider, c)
}

func (run runner) unreachable(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	tests := []struct {
		name, baseURL string
		ctx           context.Context
	}{
		{"connection refused", refusing, t.Context()},
		{"no TLS on the other side", strings.Replace(s.Account.BaseURL, "http:", "https:", 1), t.Context()},
		{"not an address", "http://[::1", t.Context()},
		{"not a protocol", "ftp://127.0.0.1", t.Context()},
		{"canceled before it is sent", s.Account.BaseURL, canceled},
		{"too late to be sent", s.Account.BaseURL, late},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			provider, c, account := s.provider(t, calm), s.newCharge(s.Tokens.Success), s.Account
			account.BaseURL = test.baseURL
			r := provider.Charge(test.ctx, account, c)
			wantOutcome(t, r, payments.OutcomeNotSent)
			if r.Message == "" {
				t.Error("there is no message")
			}
			s.wantCharged(t, c, 0)
		})
	}
}

func (run runner) refusedRequest(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	t.Run("wrong credentials", func(t *testing.T) {
		c := s.newCharge(s.Tokens.Success)
		r := s.provider(t, calm).Charge(t.Context(), s.Wrong, c)
		wantOutcome(t, r, payments.OutcomeNotSent)
		if !r.Misconfigured {
			t.Error("not marked as misconfigured")
		}
		s.wantCharged(t, c, 0)
	})
	for _, status := range []int{401, 403} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s.network.breakCharges(answer(status, "text/html", "<h1>No</h1>"))
			r := s.provider(t, calm).Charge(t.Context(), s.Account, s.newCharge(s.Tokens.Success))
			wantOutcome(t, r, payments.OutcomeNotSent)
			if !r.Misconfigured {
				t.Error("not marked as misconfigured")
			}
		})
	}
	t.Run("too many requests", func(t *testing.T) {
		s.network.breakCharges(func(w http.ResponseWriter, r *http.Request, forward func() reply) {
			w.Header().Set("Retry-After", "7")
			answer(429, "text/html", "<h1>Slow down</h1>")(w, r, forward)
		})
		r := s.provider(t, calm).Charge(t.Context(), s.Account, s.newCharge(s.Tokens.Success))
		wantOutcome(t, r, payments.OutcomeNotSent)
		if !r.RateLimited || r.RetryAfter != 7*time.Second {
			t.Errorf("rate limited %v, retry after %s", r.RateLimited, r.RetryAfter)
		}
	})
}

// The fake executes a request on a connection kept alive, which then breaks;
// net/http sends the request again by itself, and only that copy is refused.
func (run runner) resent(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	for _, status := range []int{400, 401, 404, 429} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Success)
			provider.Lookup(t.Context(), s.Account, s.newCharge(s.Tokens.Success)) // opens the connection
			var copies atomic.Int32
			s.network.breakCharges(func(w http.ResponseWriter, r *http.Request, forward func() reply) {
				if copies.Add(1) == 1 {
					forward()
					panic(http.ErrAbortHandler)
				}
				answer(status, "application/json", `{"error":{"type":"invalid_request_error","message":"No"}}`)(w, r, forward)
			})
			r := provider.Charge(t.Context(), s.Account, c)
			s.network.heal()
			wantOutcome(t, r, payments.OutcomeUnknown)
			if found := provider.Lookup(t.Context(), s.Account, c); found.Outcome != payments.OutcomeUnknown || !s.Blind {
				s.wantTaken(t, found)
			}
			s.wantOnce(t, c)
		})
	}
}

func (run runner) failedLookup(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	c := s.newCharge(s.Tokens.Success)
	r := s.provider(t, calm).Charge(t.Context(), s.Account, c)
	s.wantTaken(t, r)
	broken := map[string]fault{
		"400": answer(400, "text/html", "<h1>No</h1>"), "401": answer(401, "text/html", "<h1>No</h1>"),
		"404": answer(404, "text/html", "<h1>No</h1>"), "429": answer(429, "text/html", "<h1>No</h1>"),
	}
	maps.Copy(broken, lost)
	for name, spoil := range broken {
		for _, reference := range []string{"", r.ProviderReference} {
			t.Run(name+" "+reference, func(t *testing.T) {
				s.network.breakAll(spoil)
				c.ProviderReference = reference
				wantOutcome(t, s.provider(t, patience).Lookup(t.Context(), s.Account, c), payments.OutcomeUnknown)
			})
		}
	}
	s.network.heal()
	t.Run("wrong credentials", func(t *testing.T) {
		wantOutcome(t, s.provider(t, calm).Lookup(t.Context(), s.Wrong, c), payments.OutcomeUnknown)
	})
	s.wantOnce(t, c)
}

// A server that echoes what it was sent must not bring secrets to the page.
func (run runner) secrets(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	echo := strings.Join(s.Secrets, " ") + " 4242 4242 4242 4242"
	for _, status := range []int{200, 400, 401, 402, 403, 404, 409, 429, 500} {
		for _, body := range []string{echo, `{"error":{"type":"card_error","code":"card_declined","message":"` + echo + `"}}`} {
			spoil := answer(status, "application/json", body)
			for _, broken := range []func(fault){s.network.breakAll, s.network.breakCharges} {
				broken(spoil)
				c := s.newCharge(s.Tokens.Success)
				provider := s.provider(t, calm)
				for _, r := range []payments.Result{
					provider.Charge(t.Context(), s.Account, c), provider.Lookup(t.Context(), s.Account, c),
				} {
					s.wantNoSecret(t, r.Raw)
					s.wantNoSecret(t, r.Message)
					s.wantNoSecret(t, r.Code)
				}
			}
		}
	}
	for _, baseURL := range []string{"http://127.0.0.1:1", "http://user:" + s.Secrets[0] + "@127.0.0.1:1"} {
		account := s.Account
		account.BaseURL = baseURL
		s.wantNoSecret(t, s.provider(t, calm).Charge(t.Context(), account, s.newCharge(s.Tokens.Success)).Message)
	}
}

func (s *suite) wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range append([]string{"4242 4242"}, s.Secrets...) {
		if strings.Contains(text, secret) {
			t.Fatalf("%q gives away %q", text, secret)
		}
	}
}
