package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/mail/mailtest"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
	"github.com/tillpost/tillpost/workers"
)

// TestAcceptanceOperatorsKnow runs a whole node against the sandbox: an expired
// carrier key, a provider outage, a stopped worker and a full queue each raise
// one incident within a minute, reach a mailbox and a webhook once, and are over
// by themselves, of which people hear once too.
func TestAcceptanceOperatorsKnow(t *testing.T) {
	t.Parallel()
	databases := map[string]func(testing.TB) string{
		string(models.SQLite): modelstest.SQLiteURL, string(models.Postgres): modelstest.PostgresURL,
	}
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutpost(t)
			o.serve(database(t), func(a *app) {
				o.app = a
				o.furnish()
				o.expiredKey()
				o.outage()
				o.standstill()
				o.told()
			})
		})
	}
}

// outpost is a node with all that is around it: a provider and a carrier whose
// moods a test sets, a mail server, and a webhook that operators read.
type outpost struct {
	t    *testing.T
	app  *app
	mail *mailtest.Sink
	hook *inbox

	outside       string // the sandbox's address
	expired, down atomic.Bool
	shop          *models.Merchant
	carrier       models.Account
}

// heard is what the webhook was told.
type heard struct {
	Type string `json:"type"`
	Data struct {
		Kind   string `json:"kind"`
		Status string `json:"status"`
		URL    string `json:"url"`
	} `json:"data"`
}

// inbox takes webhooks as an operator's program would, and verifies them by the
// public library.
type inbox struct {
	*httptest.Server

	mu  sync.Mutex
	got []heard
}

func newInbox(t *testing.T, secret string) *inbox {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err = errors.Join(err, verifier.Verify(body, r.Header)); err != nil {
			t.Errorf("webhook: %v", err)
			return
		}
		var h heard
		if err := json.Unmarshal(body, &h); err != nil {
			t.Errorf("webhook: %v", err)
			return
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, h)
	}))
	t.Cleanup(in.Close)
	return in
}

func newOutpost(t *testing.T) *outpost {
	t.Helper()
	o := &outpost{t: t, mail: mailtest.New(t)}
	fake, err := sandbox.New(sandbox.Options{HangMax: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		carrier := strings.HasPrefix(r.URL.Path, "/carrier/")
		switch {
		case carrier && o.expired.Load():
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"code":"unauthorized","message":"This token has expired."}`)
		case !carrier && o.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fake.Handler().ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	o.outside = server.URL
	return o
}

// serve runs a node until the test has done what it wants with it.
func (o *outpost) serve(database string, do func(a *app)) {
	o.t.Helper()
	secret := notify.NewSecret()
	o.hook = newInbox(o.t, secret)
	c := &Config{
		DatabaseURL: database, Data: o.t.TempDir(), Addr: "127.0.0.1:0", Log: "error", AllowNets: "127.0.0.0/8",
		SMTPURL: o.mail.URL(), AlertURLs: o.hook.URL + "/alerts#" + secret,
	}
	if err := c.complete(); err != nil {
		o.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(o.t.Context())
	defer stop()
	ready, ended := make(chan *app), make(chan error, 1)
	go func() {
		ended <- serve(ctx, c, serveOptions{
			web: true, workers: true, pace: 1, policy: payments.DefaultPolicy(), jobs: workers.DefaultOptions(), grace: 5 * time.Second,
			alerts: alerts.Times{Every: 300 * time.Millisecond, SendEvery: 100 * time.Millisecond, Hold: 2 * time.Second, Clear: time.Second},
			ready:  func(_ context.Context, a *app) error { ready <- a; return nil },
		})
	}()
	select {
	case a := <-ready:
		do(a)
	case err := <-ended:
		o.t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		o.t.Errorf("the node ended with %v", err)
	}
}

func (o *outpost) write(fn func(tx *models.Tx) error) {
	o.t.Helper()
	if err := o.app.db.Write(o.t.Context(), fn); err != nil {
		o.t.Fatal(err)
	}
}

// furnish adds somebody who reads mails, a shop and its accounts.
func (o *outpost) furnish() {
	o.t.Helper()
	gateway := models.Account{ID: models.NewID(models.PrefixGatewayAccount), Kind: "sandbox", Enabled: true}
	o.carrier = models.Account{ID: models.NewID(models.PrefixCarrierAccount), Kind: "sandbox", Enabled: true}
	o.write(func(tx *models.Tx) (err error) {
		o.shop, err = tx.CreateMerchant(models.Merchant{Name: "Shop", Currency: "MYR", Timezone: "Asia/Kuala_Lumpur"})
		if err != nil {
			return err
		}
		_, err = tx.CreateUser(models.User{Email: "ops@example.com", Role: models.RoleAdmin, PasswordHash: "unusable"})
		return err
	})
	gateway.MerchantID, o.carrier.MerchantID = o.shop.ID, o.shop.ID
	for table, account := range map[credentials.Table]*models.Account{credentials.Gateways: &gateway, credentials.Carriers: &o.carrier} {
		values := map[string]string{"secret_key": "sk_sandbox_key"}
		if table == credentials.Carriers {
			values = map[string]string{"token": "ct_sandbox_key"}
		}
		if err := o.app.vault.Apply(table, account, credentials.Edit{Name: string(table), BaseURL: o.outside, Values: values}); err != nil {
			o.t.Fatal(err)
		}
	}
	o.write(func(tx *models.Tx) error {
		if err := tx.CreateGatewayAccount(models.GatewayAccount{Account: gateway}); err != nil {
			return err
		}
		if err := tx.CreateCarrierAccount(models.CarrierAccount{Account: o.carrier}); err != nil {
			return err
		}
		// A queue of twenty is full here, and an outage is one of the breaker's.
		for kind, limits := range map[string]alerts.Limits{
			alerts.QueueFull: {"age": 600, "count": 20}, alerts.GatewayFailing: {"share": 20, "volume": 100_000},
		} {
			err := o.app.alerts.EditRule(tx, kind, alerts.RuleEdit{Enabled: true, Severity: models.SeverityCritical, Limits: limits}, modelstest.Actor())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// expiredKey lets a carrier refuse its key until somebody enters another.
func (o *outpost) expiredKey() {
	o.t.Helper()
	o.expired.Store(true)
	order := modelstest.Order(o.t, o.app.db, o.shop.ID, 1000)
	began := time.Now()
	o.write(func(tx *models.Tx) error {
		parcel, err := tx.CreateShipment(models.Shipment{
			MerchantID: o.shop.ID, OrderID: order.ID, Carrier: "sandbox", CarrierAccountID: &o.carrier.ID, TrackingNumber: "DELIVERED1", Direction: models.DirectionOutbound,
		})
		if err != nil {
			return err
		}
		return tx.RequestSync(parcel, 0)
	})
	o.opens(alerts.CarrierRefused, began)
	o.expired.Store(false)
	o.write(func(tx *models.Tx) error { return tx.ResumeCarrierAccount(o.carrier.ID) })
	o.ends(alerts.CarrierRefused)
}

// outage lets a provider fail until it answers again.
func (o *outpost) outage() {
	o.t.Helper()
	o.down.Store(true)
	began := time.Now()
	for range 10 {
		order := modelstest.Order(o.t, o.app.db, o.shop.ID, 1000)
		o.write(func(tx *models.Tx) error {
			_, err := o.app.payments.Accept(tx, o.shop.ID, payments.New{
				OrderID: order.ID, Amount: 1000, Currency: "EUR", MethodType: "card", Token: "tok_success",
			})
			return err
		})
	}
	o.opens(alerts.GatewayFailing, began)
	o.down.Store(false)
	o.ends(alerts.GatewayFailing)
}

// standstill stops the workers; what piles up meanwhile fills a queue.
func (o *outpost) standstill() {
	o.t.Helper()
	if err := o.app.workers.Stop(context.WithoutCancel(o.t.Context()), 5*time.Second); err != nil {
		o.t.Fatal(err)
	}
	began := time.Now()
	o.write(func(tx *models.Tx) error {
		for range 25 { // of mails that do not exist, which is soon done
			tx.Enqueue(models.CustomerMailArgs{MailID: models.NewID(models.PrefixCustomerMail)})
		}
		return nil
	})
	o.opens(alerts.QueueFull, began)
	o.opens(alerts.WorkersStopped, began)
	if err := o.app.workers.Start(context.WithoutCancel(o.t.Context())); err != nil {
		o.t.Fatal(err)
	}
	o.ends(alerts.QueueFull)
	o.ends(alerts.WorkersStopped)
}

// opens waits until a kind of incident is open and both have heard of it.
func (o *outpost) opens(kind string, began time.Time) {
	o.t.Helper()
	o.await(kind, "incident.opened", time.Minute)
	o.t.Logf("%s: found and told after %s", kind, time.Since(began).Round(10*time.Millisecond))
}

// ends waits until it is over and both have heard of that.
func (o *outpost) ends(kind string) {
	o.t.Helper()
	o.await(kind, "incident.resolved", 90*time.Second)
}

func (o *outpost) await(kind, event string, limit time.Duration) {
	o.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(limit); ; {
		if o.count(kind, event) > 0 && o.mails(kind, event) > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			o.t.Fatalf("%s of %s: webhook %d, mail %d within %s", event, kind, o.count(kind, event), o.mails(kind, event), limit)
		}
	}
}

// count is how often the webhook was told of an event.
func (o *outpost) count(kind, event string) int {
	o.hook.mu.Lock()
	defer o.hook.mu.Unlock()
	n := 0
	for _, h := range o.hook.got {
		if h.Data.Kind == kind && h.Type == event {
			n++
		}
	}
	return n
}

// subjects of the mails, by kind of incident.
var subjects = map[string]string{
	alerts.CarrierRefused: "carrier_accounts refuses our credentials", alerts.GatewayFailing: "gateway_accounts does not answer as it should",
	alerts.QueueFull: "The queue “mail” is full", alerts.WorkersStopped: "No worker runs",
}

// mails is how often a mail told of an event.
func (o *outpost) mails(kind, event string) int {
	want := "Tillpost: Critical: " + subjects[kind]
	if event == "incident.resolved" {
		want = "Tillpost: Resolved: " + subjects[kind]
	}
	n := 0
	for _, m := range o.mail.Mails() {
		if m.Subject() == want || m.Subject() == want+" · "+o.shop.Name {
			n++
		}
	}
	return n
}

// told looks back: of each kind one incident was, and both heard of its begin
// and its end once.
func (o *outpost) told() {
	o.t.Helper()
	incidents, _, err := o.app.db.Incidents(o.t.Context(), models.AllMerchants(), models.IncidentFilter{}, models.Page{Limit: models.MaxLimit})
	if err != nil {
		o.t.Fatal(err)
	}
	for kind := range subjects {
		n := 0
		for _, i := range incidents {
			if i.Kind == kind {
				n++
				if i.Open() {
					o.t.Errorf("%s is still open", kind)
				}
			}
		}
		if n != 1 {
			o.t.Errorf("%d incidents of %s", n, kind)
		}
		for _, event := range []string{"incident.opened", "incident.resolved"} {
			if hooks, mails := o.count(kind, event), o.mails(kind, event); hooks != 1 || mails != 1 {
				o.t.Errorf("%s of %s: %d webhooks, %d mails", event, kind, hooks, mails)
			}
		}
	}
}
