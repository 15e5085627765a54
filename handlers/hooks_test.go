package handlers

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

const hookSecret = "7Qm2vX0pLr-w5"

// teller adds a sandbox account whose webhooks are signed with hookSecret.
func (s *site) teller(t *testing.T, merchantID, baseURL string) *models.GatewayAccount {
	t.Helper()
	account := models.Account{ID: models.NewID(models.PrefixGatewayAccount), MerchantID: merchantID, Kind: "sandbox", Enabled: true}
	err := s.vault.Apply(credentials.Gateways, &account, credentials.Edit{
		Name: models.NewID("name"), BaseURL: baseURL, By: "test", At: s.db.Now(),
		Values: map[string]string{"secret_key": "sk_sandbox_" + account.ID, "webhook_secret": hookSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := models.GatewayAccount{Account: account}
	modelstest.Write(t, s.db, func(tx *models.Tx) error { return tx.CreateGatewayAccount(g) })
	return &g
}

// hook sends a webhook as the sandbox signs it.
func (s *site) hook(t *testing.T, accountID, body, secret string) reply {
	t.Helper()
	at := s.db.Now().Unix()
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	return s.call(t, http.MethodPost, hooksPath+"/"+accountID, body,
		"Sandbox-Signature", fmt.Sprintf("t=%d,v1=%s", at, hex.EncodeToString(mac.Sum(nil))))
}

// inbound lists what an account was told.
func (s *site) inbound(t *testing.T, accountID string) []models.InboundEvent {
	t.Helper()
	events, _, err := s.db.InboundEvents(t.Context(), models.AllMerchants(), models.InboundFilter{Account: accountID}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// notifier is a provider that only tells.
type notifier struct {
	payments.Provider

	verify error
}

func (n notifier) Verify(context.Context, payments.Account, payments.Webhook) error { return n.verify }

func (notifier) Read(_ payments.Account, body []byte) ([]payments.Notice, error) {
	return []payments.Notice{{ID: string(body), Type: "test", Subject: payments.SubjectNone}}, nil
}

func (notifier) Acknowledge() payments.Acknowledgment {
	return payments.Acknowledgment{Status: http.StatusAccepted, ContentType: "text/plain", Body: "[accepted]"}
}

// silent is a provider that tells nothing.
type silent struct{ payments.Provider }

func (s *site) accountOf(t *testing.T, merchantID, kind string) string {
	t.Helper()
	id := models.NewID(models.PrefixGatewayAccount)
	modelstest.Write(t, s.db, func(tx *models.Tx) error {
		return tx.CreateGatewayAccount(models.GatewayAccount{Account: models.Account{
			ID: id, MerchantID: merchantID, Kind: kind, Name: id, Enabled: true,
		}})
	})
	return id
}

func TestHooks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var log bytes.Buffer
		s := newSiteWith(t, db, slog.New(slog.NewTextHandler(&log, nil)), map[string]payments.Provider{
			"adyen": notifier{}, "paypal": notifier{verify: errors.New("PayPal's certificate cannot be had")}, "alipay": silent{},
		})
		m := modelstest.Merchant(t, db)
		account := s.teller(t, m.ID, "http://127.0.0.1:1")
		const body = `{"id":"evt_canary","type":"charge.updated","created":1,"data":{}}`

		t.Run("a genuine one is stored, and answered with an empty 200", func(t *testing.T) {
			r := s.hook(t, account.ID, body, hookSecret).want(t, http.StatusOK)
			if r.body != "" || len(r.header.Values("Set-Cookie")) > 0 || r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("answer %q with %v", r.body, r.header)
			}
			events := s.inbound(t, account.ID)
			if len(events) != 1 || events[0].Status != models.InboundReceived || events[0].EventID != "evt_canary" {
				t.Fatalf("stored %+v", events)
			}
			stored, err := db.InboundEvent(t.Context(), models.AllMerchants(), events[0].ID)
			if err != nil || stored.Body != body {
				t.Errorf("body %q, %v", stored.Body, err)
			}
		})
		t.Run("a repeated one is not stored again", func(t *testing.T) {
			s.hook(t, account.ID, body, hookSecret).want(t, http.StatusOK)
			if events := s.inbound(t, account.ID); len(events) != 1 || events[0].Duplicates != 1 {
				t.Errorf("stored %+v", events)
			}
		})
		t.Run("a forged one leaves a figure and a line", func(t *testing.T) {
			s.hook(t, account.ID, `{"id":"evt_forged"}`, "guessed").problem(t, http.StatusUnauthorized, "bad_signature")
			shown := httptest.NewRecorder()
			s.figures.Handler().ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
			if figure := `tillpost_hooks_rejected_total{kind="sandbox"}`; !strings.Contains(shown.Body.String(), figure) {
				t.Errorf("%s is not counted", figure)
			}
			if events := s.inbound(t, account.ID); len(events) != 1 {
				t.Errorf("stored %+v", events)
			}
			if n := strings.Count(log.String(), "webhook rejected"); n != 1 || strings.Contains(log.String(), "evt_forged") {
				t.Errorf("%d lines: %s", n, log.String())
			}
		})
		t.Run("the provider gets the answer that it wants", func(t *testing.T) {
			r := s.call(t, "POST", hooksPath+"/"+s.accountOf(t, m.ID, "adyen"), "1").want(t, http.StatusAccepted)
			if r.body != "[accepted]" || r.header.Get("Content-Type") != "text/plain" {
				t.Errorf("answer %q of %q", r.body, r.header.Get("Content-Type"))
			}
		})
		t.Run("what cannot be checked now is to be sent again", func(t *testing.T) {
			for _, kind := range []string{"paypal", "stripe"} { // there is no provider of the other in this site
				r := s.call(t, "POST", hooksPath+"/"+s.accountOf(t, m.ID, kind), "1")
				r.problem(t, http.StatusServiceUnavailable, "unavailable")
				if r.header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			}
		})
		t.Run("what is not there", func(t *testing.T) {
			for _, id := range []string{models.NewID(models.PrefixGatewayAccount), models.NewID(models.PrefixCarrierAccount), "x", s.accountOf(t, m.ID, "alipay")} {
				s.hook(t, id, body, hookSecret).problem(t, http.StatusNotFound, "not_found")
			}
			s.hook(t, account.ID+"/more", body, hookSecret).problem(t, http.StatusNotFound, "not_found")
		})
		t.Run("only POST", func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
				r := s.call(t, method, hooksPath+"/"+account.ID, "").want(t, http.StatusMethodNotAllowed)
				if r.header.Get("Allow") != "POST" {
					t.Errorf("%s: Allow %q", method, r.header.Get("Allow"))
				}
			}
		})
		t.Run("no more than 256 KiB", func(t *testing.T) {
			s.hook(t, account.ID, strings.Repeat(" ", maxHook+1), hookSecret).problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
		})
	})
}

func TestHooksOfDisabledAccounts(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		account := s.teller(t, modelstest.Merchant(t, db).ID, "")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			a, err := tx.GatewayAccount(models.AllMerchants(), account.ID)
			if err != nil {
				return err
			}
			a.Enabled = false
			return tx.UpdateGatewayAccount(a)
		})
		s.hook(t, account.ID, `{"id":"evt_1","type":"charge.updated"}`, hookSecret).want(t, http.StatusOK)
		if n := len(s.inbound(t, account.ID)); n != 1 {
			t.Errorf("%d events are stored: payments of a disabled account still come to an end", n)
		}
	})
}

func TestHooksAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, s.db)
	account, other := s.teller(t, m.ID, ""), s.teller(t, m.ID, "")
	const body = `{"id":"evt_1","type":"charge.updated"}`
	for range rejectedHooks {
		s.hook(t, account.ID, body, "guessed").want(t, http.StatusUnauthorized)
		s.hook(t, other.ID, body, hookSecret).want(t, http.StatusOK)
	}
	r := s.hook(t, account.ID, body, "guessed")
	r.problem(t, http.StatusTooManyRequests, "rate_limited")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.hook(t, other.ID, body, hookSecret).want(t, http.StatusOK)
}

func TestHookLimiter(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	l := newHookLimiter()
	l.now = func() time.Time { return now }
	for range rejectedHooks {
		if l.blocked("gwa_1", "203.0.113.9") > 0 {
			t.Fatal("blocked too early")
		}
		l.note("gwa_1", "203.0.113.9")
		l.note("gwa_1", "2001:db8::1")
	}
	for _, tt := range []struct {
		account, ip string
		want        bool
	}{
		{"gwa_1", "203.0.113.9", true},
		{"gwa_1", "2001:db8::ffff", true}, // the network of one owner
		{"gwa_1", "203.0.113.10", false},  // perhaps the provider
		{"gwa_1", "2001:db8:0:1::1", false},
		{"gwa_2", "203.0.113.9", false},
	} {
		if got := l.blocked(tt.account, tt.ip) > 0; got != tt.want {
			t.Errorf("%s from %s: blocked is %v", tt.account, tt.ip, got)
		}
	}
	now = now.Add(time.Minute)
	if l.blocked("gwa_1", "203.0.113.9") > 0 {
		t.Error("still blocked after a minute")
	}
}
