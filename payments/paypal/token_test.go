package paypal

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// issuer gives out numbered tokens and takes only the newest of them.
type issuer struct {
	issued  atomic.Int64
	revoked atomic.Int64 // tokens up to this one are refused
	asked   atomic.Int64
	seconds int
	slow    time.Duration
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/v1/oauth2/token" {
		body, _ := io.ReadAll(r.Body)
		id, secret, _ := r.BasicAuth()
		if id != "AeA1" || secret != "EGnHDxD_q" || string(body) != "grant_type=client_credentials" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		time.Sleep(i.slow)
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":%d}`, i.issued.Add(1), i.seconds)
		return
	}
	i.asked.Add(1)
	var number int64
	_, _ = fmt.Sscanf(r.Header.Get("Authorization"), "Bearer token-%d", &number)
	if number <= i.revoked.Load() {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
		return
	}
	_, _ = io.WriteString(w, `{"id":"`+orderID+`","status":"CREATED"}`)
}

func startIssuer(t *testing.T, i *issuer) payments.Account {
	t.Helper()
	web := httptest.NewServer(i)
	t.Cleanup(web.Close)
	return payments.Account{ID: "gwa_1", BaseURL: web.URL, Fields: map[string]string{"client_id": "AeA1", "client_secret": "EGnHDxD_q"}}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	setup := func(t *testing.T) (*issuer, *Provider, payments.Account, *time.Time) {
		t.Helper()
		i := &issuer{seconds: 32400}
		now := time.Now()
		p := New(http.DefaultClient)
		p.now = func() time.Time { return now }
		return i, p, startIssuer(t, i), &now
	}
	show := func(t *testing.T, p *Provider, account payments.Account) *exchange {
		t.Helper()
		_, x := p.show(t.Context(), account, orderID)
		return x
	}
	t.Run("one serves many requests, until shortly before its end", func(t *testing.T) {
		t.Parallel()
		i, p, account, now := setup(t)
		for range 3 {
			show(t, p, account)
		}
		*now = now.Add(32400*time.Second - earlyMost - time.Second)
		show(t, p, account)
		if got := i.issued.Load(); got != 1 {
			t.Errorf("%d tokens for four requests", got)
		}
		*now = now.Add(2 * time.Second)
		show(t, p, account)
		if got := i.issued.Load(); got != 2 {
			t.Errorf("%d tokens after the first was about to end", got)
		}
	})
	t.Run("one without a life serves once", func(t *testing.T) {
		t.Parallel()
		i, p, account, _ := setup(t)
		i.seconds = 0
		show(t, p, account)
		show(t, p, account)
		if got := i.issued.Load(); got != 2 {
			t.Errorf("%d tokens", got)
		}
	})
	t.Run("many requests at once ask for one", func(t *testing.T) {
		t.Parallel()
		i, p, account, _ := setup(t)
		i.slow = 50 * time.Millisecond
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if x := show(t, p, account); x.status != http.StatusOK {
					t.Errorf("status %d", x.status)
				}
			})
		}
		wg.Wait()
		if got := i.issued.Load(); got != 1 {
			t.Errorf("%d tokens", got)
		}
	})
	t.Run("a kept one that is refused is replaced, once for all", func(t *testing.T) {
		t.Parallel()
		i, p, account, _ := setup(t)
		show(t, p, account)
		i.revoked.Store(1)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if x := show(t, p, account); x.status != http.StatusOK {
					t.Errorf("status %d", x.status)
				}
			})
		}
		wg.Wait()
		if got := i.issued.Load(); got != 2 {
			t.Errorf("%d tokens", got)
		}
	})
	t.Run("a fresh one that is refused is not", func(t *testing.T) {
		t.Parallel()
		i, p, account, _ := setup(t)
		i.revoked.Store(100)
		if x := show(t, p, account); x.status != http.StatusUnauthorized {
			t.Errorf("status %d", x.status)
		}
		if i.issued.Load() != 1 || i.asked.Load() != 1 {
			t.Errorf("%d tokens, %d requests", i.issued.Load(), i.asked.Load())
		}
		if x := show(t, p, account); x.status != http.StatusUnauthorized || i.issued.Load() != 2 || i.asked.Load() != 3 {
			t.Errorf("status %d, %d tokens, %d requests", x.status, i.issued.Load(), i.asked.Load())
		}
	})
	t.Run("another secret has its own", func(t *testing.T) {
		t.Parallel()
		_, p, account, _ := setup(t)
		show(t, p, account)
		account.Fields = map[string]string{"client_id": "AeA1", "client_secret": "rotated"}
		r := p.Charge(t.Context(), account, testCharge())
		if r.Outcome != payments.OutcomeNotSent || !r.Misconfigured || r.Code != "credentials_refused" || strings.Contains(r.Raw, "token") {
			t.Errorf("result = %+v", r)
		}
	})
}

// An answer that repeats the access token must not bring it to a page.
func TestAccessTokenStaysSecret(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			_, _ = io.WriteString(w, `{"access_token":"A21AAFs9YK","token_type":"Bearer","expires_in":100}`)
			return
		}
		w.Header().Set("Paypal-Debug-Id", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, `{"name":"%[1]s","message":"%[1]s","details":[{"issue":"%[1]s","description":"%[1]s"}]}`, r.Header.Get("Authorization"))
	}))
	t.Cleanup(web.Close)
	account := payments.Account{BaseURL: web.URL, Fields: map[string]string{"client_id": "AeA1", "client_secret": "EGnHDxD_q"}}
	r := New(http.DefaultClient).Charge(t.Context(), account, testCharge())
	if all := r.Raw + r.Message + r.Code + r.RequestID; strings.Contains(all, "A21AAFs9YK") || r.Raw == "" {
		t.Errorf("result = %+v", r)
	}
}
