package notify_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/safehttp/safehttptest"
	"github.com/tillpost/tillpost/secret"
)

func TestCustomHeadersAreSentAndNeverShown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		const token = "Bearer 5f3759df-token"
		edit := func(c notify.EndpointChange) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := o.UpdateEndpoint(tx, models.MerchantScope(o.shop.ID), o.endpoint.ID, c)
				return err
			})
		}
		if err := edit(notify.EndpointChange{Headers: map[string]string{"authorization": token, "X-Shop": "7"}}); err != nil {
			t.Fatal(err)
		}
		if err := edit(notify.EndpointChange{Headers: map[string]string{"Authorization": "", "X-Shop": "8"}}); err != nil {
			t.Fatal(err)
		}
		d := o.order(t)
		o.drain(t)
		sent := shop.all()[0].header
		if sent.Get("Authorization") != token || sent.Get("X-Shop") != "8" || sent.Get("User-Agent") != "Tillpost-Webhooks/1.0" {
			t.Errorf("sent was %v", sent)
		}
		attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
		if err != nil || len(attempts) != 1 {
			t.Fatal(attempts, err)
		}
		kept := attempts[0].RequestHeaders
		if kept["Authorization"] != "***" || kept["X-Shop"] != "***" || kept["Webhook-Signature"] != sent.Get("Webhook-Signature") || kept["Webhook-Id"] != d.EventID {
			t.Errorf("kept is %v", kept)
		}
		e, err := db.Endpoint(t.Context(), models.AllMerchants(), o.endpoint.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{fmt.Sprintf("%+v", e), fmt.Sprintf("%+v", e.Object(db.Now())), fmt.Sprintf("%+v", attempts)} {
			if strings.Contains(shown, "5f3759df") {
				t.Errorf("the secret is readable in %s", shown)
			}
		}
		moved := shop.URL + "/elsewhere"
		change := notify.EndpointChange{EndpointChange: models.EndpointChange{URL: &moved}}
		if err := edit(change); err == nil || err.Error() != "headers: secret_again" {
			t.Errorf("stored headers follow to another address: %v", err)
		}
		change.Headers = map[string]string{"Authorization": ""}
		if err := edit(change); err == nil {
			t.Error("a stored header follows to another address")
		}
		change.Headers = map[string]string{}
		if err := edit(change); err != nil {
			t.Errorf("without headers it may move: %v", err)
		}
	})
}

// A name that leads to a public address when it is looked up first, and into
// the machine when it is looked up again, reaches nothing.
func TestRebindingIsRefused(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	shop := newReceiver(t)
	o := newOffice(t, db, shop.URL)
	resolver := safehttptest.DNS(t, func() [4]byte { return [4]byte{127, 0, 0, 1} })
	o.Service = o.service(notify.Options{Resolver: resolver})
	_, port, _ := strings.Cut(strings.TrimPrefix(shop.URL, "http://"), ":")
	url := "http://rebind.example:" + port
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, err := tx.UpdateEndpoint(models.AllMerchants(), o.endpoint.ID, models.EndpointChange{URL: &url})
		return err
	})
	d := o.order(t)
	o.drain(t)
	if got := o.delivery(t, d.ID); got.LastError != "the address is in a private network" || got.Attempts != 1 || len(shop.all()) != 0 {
		t.Errorf("it is %+v after %d posts", got, len(shop.all()))
	}
}

// Of an answer without end 64 KiB are read and kept.
func TestHugeAnswerIsCut(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	shop := newReceiver(t)
	var wrote atomic.Int64
	shop.answerBy(func(w http.ResponseWriter) {
		chunk := strings.Repeat("x", 1<<20)
		for wrote.Load() < 1<<30 {
			n, err := io.WriteString(w, chunk)
			wrote.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	o := newOffice(t, db, shop.URL)
	d := o.order(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o.drain(t)
	runtime.ReadMemStats(&after)
	attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
	if err != nil || len(attempts) != 1 || len(attempts[0].Answer) != 64<<10 || !attempts[0].AnswerCut {
		t.Fatalf("%d bytes are kept, %v", len(attempts[0].Answer), err)
	}
	if got := o.delivery(t, d.ID); got.Status != models.DeliveryDelivered {
		t.Errorf("it is %s", got.Status)
	}
	if n := wrote.Load(); n > 64<<20 {
		t.Errorf("%d bytes were read", n)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	shop, elsewhere := newReceiver(t), newReceiver(t)
	shop.answerBy(func(w http.ResponseWriter) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	o := newOffice(t, db, shop.URL)
	d := o.order(t)
	o.drain(t)
	if got := o.delivery(t, d.ID); got.LastStatus != http.StatusTemporaryRedirect || got.Status != models.DeliveryRetrying || len(elsewhere.all()) != 0 {
		t.Errorf("it is %+v, and elsewhere came %d posts", got, len(elsewhere.all()))
	}
}

// A secret that cannot be opened is told to the merchant, stops no other, and
// does not count against an endpoint that was never asked.
func TestUnreadableSecret(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	shop := newReceiver(t)
	o := newOffice(t, db, shop.URL)
	others, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	d := o.order(t)
	o.spend(t, d.ID, notify.MaxAttempts-1)
	o.keys = others
	o.Service = o.service(notify.Options{AllowNets: loopback})
	o.drain(t)
	got := o.delivery(t, d.ID)
	if got.Status != models.DeliveryRetrying || !strings.Contains(got.LastError, "cannot be opened") || len(shop.all()) != 0 {
		t.Fatalf("it is %+v", got)
	}
	if wait := got.NextAttemptAt.Sub(got.UpdatedAt); got.RoundStart != 1 || wait < 50*time.Second || wait > time.Minute {
		t.Errorf("%d attempts do not count, and the next comes after %s", got.RoundStart, wait)
	}
	if e, err := db.Endpoint(t.Context(), models.AllMerchants(), o.endpoint.ID); err != nil || e.FailingSince != nil {
		t.Errorf("the endpoint counts as failing: %+v, %v", e, err)
	}
}

func TestRedirectSaysThatNobodyFollows(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		shop.answer(http.StatusFound, "")
		o := newOffice(t, db, shop.URL)
		d := o.order(t)
		o.drain(t)
		attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
		if err != nil || len(attempts) != 1 || attempts[0].Error != "answered 302: redirects are not followed" {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
	})
}
