package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/carriers"
	sandboxcarrier "github.com/tillpost/tillpost/carriers/sandbox"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	sandboxprovider "github.com/tillpost/tillpost/payments/sandbox"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// site is the application on a fresh database, with no workers: what is queued
// stays queued.
type site struct {
	app      *fiber.App
	db       *models.DB
	vault    *credentials.Vault
	pay      *payments.Service
	carriers *carriers.Service
	tracking *tracking.Service
	notify   *notify.Service
	queries  *atomic.Int64 // statements of all requests
	figures  *monitor.Figures
}

func newSite(t *testing.T, db *models.DB) *site {
	t.Helper()
	return newSiteWith(t, db, slog.New(slog.DiscardHandler), nil)
}

// newSiteWith has further payment providers, by account kind.
func newSiteWith(t *testing.T, db *models.DB, log *slog.Logger, more map[string]payments.Provider) *site {
	t.Helper()
	providers := map[string]payments.Provider{"sandbox": sandboxprovider.New(&http.Client{Transport: payments.Record(http.DefaultTransport)})}
	maps.Copy(providers, more)
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{db: db, vault: credentials.New(keys), queries: &atomic.Int64{}}
	ctx, cancel := context.WithCancel(models.CountQueries(context.Background(), s.queries))
	t.Cleanup(cancel)
	hub := live.New(log)
	db.OnCommit = hub.Publish
	s.pay = payments.NewService(db, s.vault, providers, payments.DefaultPolicy(), log)
	s.tracking = tracking.NewService(db, keys, tracking.Options{CarrierName: views.CarrierName, Day: views.PlainDay}, log)
	s.figures = monitor.New()
	s.notify = notify.NewService(db, s.vault, notify.Options{}, log)
	s.carriers = carriers.NewService(db, s.vault, map[string]carriers.Carrier{
		"sandbox": sandboxcarrier.New(http.DefaultClient),
	}, carriers.Options{}, log)
	s.app = New(Deps{
		DB: db, Vault: s.vault, Hub: hub, Log: log, AppContext: ctx, BaseURL: "http://tillpost.test",
		Payments: s.pay, Carriers: s.carriers, Notify: s.notify,
		Tracking: s.tracking, Figures: s.figures, Passwords: passwords,
		Alerts: alerts.NewService(db, s.vault, alerts.Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, log),
	})
	return s
}

// passwords are checked as in production, for next to nothing.
var passwords = secret.NewPasswords(argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})

// browser is somebody who is signed in.
type browser struct {
	site   *site
	t      *testing.T
	user   *models.User
	cookie string
	csrf   string
	form   *http.Cookie // of somebody who is not signed in
}

var users atomic.Int64

// signIn makes a user of the role, of the merchant unless that is empty, with a
// session.
func (s *site) signIn(t *testing.T, role, merchantID string) *browser {
	t.Helper()
	b := &browser{site: s, t: t, cookie: randomToken(), csrf: randomToken()}
	data, err := json.Marshal(sessionData{CSRF: b.csrf})
	if err != nil {
		t.Fatal(err)
	}
	user := models.User{Email: fmt.Sprintf("%s%d@example.com", role, users.Add(1)), Role: role, PasswordHash: "unusable"}
	if merchantID != "" {
		user.MerchantID = &merchantID
	}
	modelstest.Write(t, s.db, func(tx *models.Tx) error {
		if b.user, err = tx.CreateUser(user); err != nil {
			return err
		}
		return tx.CreateSession(models.Session{
			IDHash: hashID(b.cookie), UserID: b.user.ID, Data: string(data), ExpiresAt: tx.Now().Add(time.Hour),
		})
	})
	return b
}

// answer is what a browser got.
type answer struct {
	*goquery.Document

	status int
	header http.Header
	body   string
}

// htmx are the headers of a request for a part of a page.
var htmx = []string{hxRequest, "true", hxRequestType, "partial"}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.send(http.MethodGet, path, nil, headers...)
}

// post sends a form with the token that proves it is ours.
func (b *browser) post(path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has(csrfField) {
		form.Set(csrfField, b.csrf)
	}
	return b.send(http.MethodPost, path, form, headers...)
}

func (b *browser) send(method, path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set(fiber.HeaderContentType, fiber.MIMEApplicationForm)
	}
	r.AddCookie(&http.Cookie{Name: cookieName("tillpost_session", false), Value: b.cookie})
	if b.form != nil {
		r.AddCookie(b.form)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	res, err := b.site.app.Test(r, -1)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(document(string(body))))
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{Document: doc, status: res.StatusCode, header: res.Header, body: string(body)}
}

// document makes a bare table row readable to an HTML parser.
func document(body string) string {
	if strings.HasPrefix(strings.TrimSpace(body), "<tr") {
		return "<table><tbody>" + body + "</tbody></table>"
	}
	return body
}

// want fails the test unless the answer has the status.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %.300s", a.status, status, a.Find("main, body").First().Text())
	}
	return a
}

// texts are the texts of what a selector finds, without the space around them.
func (a answer) texts(selector string) []string {
	var found []string
	a.Find(selector).Each(func(_ int, s *goquery.Selection) {
		found = append(found, strings.Join(strings.Fields(s.Text()), " "))
	})
	return found
}
