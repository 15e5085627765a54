package handlers

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/sandbox"
)

// wire brings what the sandbox sends to a site and says what it was answered.
type wire struct {
	site     *site
	answered chan int
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.site.app.Test(r, -1)
	if err == nil {
		w.answered <- res.StatusCode
	}
	return res, err
}

// parcelAccount adds an account of the sandbox carrier that is told by webhook.
func (s *client) parcelAccount(token, webhookSecret string) string {
	s.t.Helper()
	account := models.Account{ID: models.NewID(models.PrefixCarrierAccount), MerchantID: s.merchant.ID, Kind: "sandbox", Enabled: true}
	err := s.site.vault.Apply(credentials.Carriers, &account, credentials.Edit{
		Name: models.NewID("name"), BaseURL: "http://127.0.0.1:1", By: "test", At: s.site.db.Now(),
		Values: map[string]string{"token": token, "webhook_secret": webhookSecret},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error { return tx.CreateCarrierAccount(models.CarrierAccount{Account: account}) })
	return account.ID
}

// Nobody asks the carrier: it is not at the account's address, and no worker runs.
func TestParcelMovesByWebhookAlone(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const token, number = "tok_shop", "SBXHOOKED1"
		var passed atomic.Int64
		clock := db.Now
		db.Now = func() time.Time { return clock().Add(time.Duration(passed.Load())) }
		shop := newSite(t, db).newClient(t)
		line := wire{shop.site, make(chan int, 10)}
		fake, err := sandbox.New(sandbox.Options{
			Now: db.Now, Logger: slog.New(slog.DiscardHandler), WebhookClient: &http.Client{Transport: line},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := fake.Close(); err != nil {
				t.Error(err)
			}
		})
		atCarrier := func(path, body string, want int) {
			t.Helper()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			fake.Handler().ServeHTTP(w, r)
			if w.Code != want {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		account := shop.parcelAccount(token, hookSecret)
		id := shop.post("/api/v1/shipments", shipmentBody(shop.order(4990), number)).want(t, http.StatusCreated).id(t)
		atCarrier("/carrier/v1/webhooks", jsonOf(map[string]string{"url": "http://tillpost.test" + hooksPath + "/" + account, "secret": hookSecret}), http.StatusOK)
		atCarrier("/carrier/v1/parcels", jsonOf(map[string]string{"number": number, "scenario": "delivered"}), http.StatusCreated)

		for _, step := range []struct {
			after  time.Duration
			status string
		}{{8 * time.Hour, "picked_up"}, {25 * time.Hour, "in_transit"}, {100 * time.Hour, "delivered"}} {
			passed.Store(int64(step.after))
			select {
			case status := <-line.answered:
				if status != http.StatusOK {
					t.Fatalf("the webhook was answered %d", status)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("no webhook came")
			}
			for _, e := range shop.site.inbound(t, account) {
				if err := shop.site.carriers.ApplyNews(t.Context(), e.ID); err != nil {
					t.Fatal(err)
				}
			}
			if got := shop.get("/api/v1/shipments/"+id).want(t, http.StatusOK).object(t)["status"]; got != step.status {
				t.Errorf("after %s the parcel is %v, want %s", step.after, got, step.status)
			}
		}
		for _, e := range shop.site.inbound(t, account) {
			if e.Status != models.InboundApplied || e.Type != "parcel.updated" || e.ShipmentID == nil || *e.ShipmentID != id {
				t.Errorf("stored %+v", e)
			}
		}
	})
}

func TestForgedParcelWebhooks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		const body = `{"id":"evt_1","type":"parcel.updated","created":1,"data":{"parcel":{"number":"SBX1","status":"delivered","events":[]}}}`
		account, mute := shop.parcelAccount("tok_1", hookSecret), shop.parcelAccount("tok_2", "")
		shop.site.hook(t, account, body, "guessed").problem(t, http.StatusUnauthorized, "bad_signature")
		for _, secret := range []string{"", hookSecret} {
			shop.site.hook(t, mute, body, secret).problem(t, http.StatusUnauthorized, "bad_signature")
		}
		shop.site.call(t, http.MethodPost, hooksPath+"/"+account, body).problem(t, http.StatusUnauthorized, "bad_signature")
		if n := len(shop.site.inbound(t, account)) + len(shop.site.inbound(t, mute)); n != 0 {
			t.Errorf("%d of what nobody believes is stored", n)
		}
		shop.site.hook(t, account, body, hookSecret).want(t, http.StatusOK)
	})
}
