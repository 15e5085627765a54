package handlers

import (
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/mail/mailtest"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views"
)

// An endpoint that has only failed for five days is disabled, which its merchant
// reads in a mail and in the pages and operators hear by a webhook. When it is
// enabled again, a replay brings all that it missed, under the ids of then.
func TestAcceptanceEndpointFailsForFiveDays(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		shop.withoutEndpoints()
		ear := newEar(t, shop)
		watch := newWatch(t, shop)
		owner := models.User{Email: "owner@example.com", Role: models.RoleMerchant, MerchantID: &shop.merchant.ID, PasswordHash: "unusable"}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.CreateUser(owner)
			return err
		})

		ear.fail(true)
		began := db.Now()
		for db.Now().Sub(began) < 7*24*time.Hour {
			shop.order(4990)
			ear.deliver()
			watch.look()
			if ear.state().DisabledAt != nil {
				break
			}
			shop.pass(6 * time.Hour)
		}
		disabled := ear.state()
		if disabled.DisabledReason != models.EndpointFailing {
			t.Fatalf("after %s the endpoint is %+v", db.Now().Sub(began), disabled)
		}
		after := disabled.DisabledAt.Sub(began)
		if after < 5*24*time.Hour || after > 5*24*time.Hour+12*time.Hour {
			t.Errorf("it was disabled after %s", after)
		}
		watch.wantTold(disabled, owner.Email)
		events, _, err := db.Events(t.Context(), models.MerchantScope(shop.merchant.ID), models.EventEndpointDisabled, models.Span{}, models.Page{})
		if err != nil || len(events) != 1 || events[0].ObjectID != ear.endpoint.ID {
			t.Errorf("the events of its end are %+v, %v", events, err)
		}
		for range 4 { // while it is disabled
			shop.order(4990)
			ear.deliver()
			shop.pass(time.Hour)
		}
		tried := len(ear.bodies)
		if len(ear.heard) != 0 || tried == 0 {
			t.Fatalf("%d webhooks were tried, %d arrived", tried, len(ear.heard))
		}

		ear.fail(false)
		shop.call(http.MethodPatch, "/api/v1/webhook-endpoints/"+ear.endpoint.ID, `{"enabled":true}`).want(t, http.StatusOK)
		ear.replay(began)
		ear.wantEachOnce()
		for id := range ear.bodies { // each under the id of its first try, with the same body: serve compares them
			if ear.heard[id] != 1 {
				t.Errorf("webhook %s was tried and arrived %d times", id, ear.heard[id])
			}
		}
		watch.wantOver(disabled)
		t.Logf("disabled after %s; %d events tried and %d missed meanwhile, of which %d arrived by the replay", after, tried, len(ear.bodies)-tried, len(ear.heard))
	})
}

// withoutEndpoints deletes those that the shop has.
func (s *till) withoutEndpoints() {
	s.t.Helper()
	found, _, err := s.site.db.Endpoints(s.t.Context(), models.MerchantScope(s.merchant.ID), models.Page{})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range found {
		modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error { return tx.DeleteEndpoint(models.AllMerchants(), found[i].ID) })
	}
}

// state is the endpoint as it is stored.
func (e *ear) state() *models.Endpoint {
	e.t.Helper()
	found, err := e.shop.site.db.Endpoint(e.t.Context(), models.AllMerchants(), e.endpoint.ID)
	if err != nil {
		e.t.Fatal(err)
	}
	return found
}

// replay has a person send what the endpoint missed since a time.
func (e *ear) replay(since time.Time) {
	e.t.Helper()
	owner := e.shop.site.signIn(e.t, models.RoleMerchant, e.shop.merchant.ID)
	choice := url.Values{
		"endpoint": {e.endpoint.ID}, "kind": {models.ReplayMissed}, "since": {since.Add(-48 * time.Hour).Format(views.FormTime)},
	}
	plan := owner.get(views.ReplaysPath+"/new?"+choice.Encode()).want(e.t, http.StatusOK)
	choice.Set("per_minute", "6000")
	choice.Set("reason", "the shop was down for days")
	choice.Set("_key", formKey(e.t, plan))
	page := owner.post(views.ReplaysPath, choice).want(e.t, http.StatusSeeOther).header.Get(fiber.HeaderLocation)
	for wait := time.Second; wait > 0; {
		var err error
		if wait, err = e.notify.WorkReplay(e.t.Context(), page[strings.LastIndex(page, "/")+1:]); err != nil {
			e.t.Fatal(err)
		}
		e.deliver()
		e.shop.pass(wait)
	}
}

// watch are alerts with a mail server and an operators' webhook.
type watch struct {
	t      *testing.T
	shop   *till
	alerts *alerts.Service
	mails  *mailtest.Sink

	mu   sync.Mutex
	told []incidentNews
}

// incidentNews is what the webhook hears of an incident.
type incidentNews struct {
	Type string `json:"type"`
	Data struct {
		Kind string `json:"kind"`
	} `json:"data"`
}

func newWatch(t *testing.T, shop *till) *watch {
	t.Helper()
	w := &watch{t: t, shop: shop, mails: mailtest.New(t)}
	secret := notify.NewSecret()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var news incidentNews
		if err = cmp.Or(err, verifier.VerifyIgnoringTimestamp(body, r.Header), json.Unmarshal(body, &news)); err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, news)
	}))
	t.Cleanup(hook.Close)
	channels, err := alerts.ParseChannels(hook.URL + "/alerts#" + secret)
	if err != nil {
		t.Fatal(err)
	}
	server, err := mail.ParseURL(w.mails.URL())
	if err != nil {
		t.Fatal(err)
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	w.alerts = alerts.NewService(shop.site.db, shop.site.vault, alerts.Options{
		Node: "node", Channels: channels, AllowNets: loopback,
		Sender: mail.New(server, mail.Options{AllowNets: loopback, RootCAs: w.mails.CAs}),
	}, slog.New(slog.DiscardHandler))
	return w
}

// look evaluates the rules and sends what there is to tell.
func (w *watch) look() {
	w.t.Helper()
	for _, do := range []func() error{
		func() error { return w.alerts.Evaluate(w.t.Context()) }, func() error { return w.alerts.SendDue(w.t.Context()) },
	} {
		if err := do(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// heard is how often the webhook was told of an event about disabled endpoints.
func (w *watch) heard(event string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, news := range w.told {
		if news.Type == event && news.Data.Kind == alerts.EndpointDisabled {
			n++
		}
	}
	return n
}

// subjects are those of the mails to an address about an endpoint that is off.
func (w *watch) subjects(to string) (found []string) {
	for _, m := range w.mails.Mails() {
		if m.To == to && strings.Contains(m.Subject(), "are switched off") {
			found = append(found, m.Subject())
		}
	}
	return found
}

// wantTold wants the merchant to read that the endpoint is off, in a mail and on
// the pages, and operators to have heard of it once.
func (w *watch) wantTold(e *models.Endpoint, owner string) {
	w.t.Helper()
	if got := w.subjects(owner); len(got) != 1 || !strings.Contains(got[0], strings.TrimPrefix(e.URL, "http://")) {
		w.t.Errorf("mails to the merchant: %q", got)
	}
	if n := w.heard("incident.opened"); n != 1 {
		w.t.Errorf("the webhook was told %d times", n)
	}
	merchant := w.shop.site.signIn(w.t, models.RoleMerchant, w.shop.merchant.ID)
	listed := merchant.get("/incidents").want(w.t, http.StatusOK).texts("tr[data-row] .row-link")
	if !slices.ContainsFunc(listed, func(text string) bool { return strings.Contains(text, "are switched off") }) {
		w.t.Errorf("incidents: %q", listed)
	}
	if got := merchant.get("/incidents/bell", htmx...).texts("#incident-bell"); len(got) != 1 || got[0] == "" || got[0] == "0" {
		w.t.Errorf("the bell shows %q", got)
	}
	if page := merchant.get("/endpoints/"+e.ID).want(w.t, http.StatusOK); !strings.Contains(page.Text(), "Disabled after five days of failures only") {
		w.t.Error("the endpoint's page does not say why it is off")
	}
}

// wantOver wants the incident to end, and operators to hear of that once.
func (w *watch) wantOver(e *models.Endpoint) {
	w.t.Helper()
	for range 3 {
		w.look()
		w.shop.pass(10 * time.Minute)
	}
	found, _, err := w.shop.site.db.Incidents(w.t.Context(), models.MerchantScope(e.MerchantID), models.IncidentFilter{}, models.Page{Limit: models.MaxLimit})
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range found {
		if found[i].ObjectID == e.ID && found[i].Open() {
			w.t.Errorf("%s is still open", found[i].Kind)
		}
	}
	if n := w.heard("incident.resolved"); n != 1 {
		w.t.Errorf("the webhook was told %d times that it is over", n)
	}
}
