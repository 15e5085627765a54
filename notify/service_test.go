package notify_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/secret"
)

// receiver is a merchant's server.
type receiver struct {
	*httptest.Server

	mu      sync.Mutex
	got     []received
	respond func(w http.ResponseWriter)
}

type received struct {
	header http.Header
	body   string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{respond: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got = append(r.got, received{header: req.Header.Clone(), body: string(body)})
		respond := r.respond
		r.mu.Unlock()
		respond(w)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int, body string) {
	r.answerBy(func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	})
}

func (r *receiver) answerBy(respond func(w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.respond = respond
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// office is a service with a merchant and an endpoint at the receiver.
type office struct {
	*notify.Service

	db       *models.DB
	shop     *models.Merchant
	endpoint *models.Endpoint
	secret   string
	keys     *secret.Keys
	offset   atomic.Int64 // of its clock, in ns
}

// loopback lets endpoints be on this machine.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newOffice(t *testing.T, db *models.DB, url string) *office {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{db: db, shop: modelstest.Merchant(t, db), keys: keys}
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(o.passed()) }
	o.Service = o.service(notify.Options{AllowNets: loopback})
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		o.endpoint, o.secret, err = o.CreateEndpoint(tx, o.shop.ID, notify.NewEndpoint{URL: url})
		return err
	})
	return o
}

// spend has a delivery look as if it was tried so often.
func (o *office) spend(t *testing.T, id string, attempts int) {
	t.Helper()
	if _, err := o.db.SQL().ExecContext(t.Context(), fmt.Sprintf("UPDATE deliveries SET attempts = %d WHERE id = '%s'", attempts, id)); err != nil {
		t.Fatal(err)
	}
}

// passed is how far the clock was moved.
func (o *office) passed() time.Duration { return time.Duration(o.offset.Load()) }

// pass moves the clock, by which servers may be looking at the same moment.
func (o *office) pass(d time.Duration) { o.offset.Add(int64(d)) }

// service is one more of this office, as on another node.
func (o *office) service(opts notify.Options) *notify.Service {
	return notify.NewService(o.db, credentials.New(o.keys), opts, slog.New(slog.DiscardHandler))
}

// run has a service deliver until the test ends, hearing what is committed.
func (o *office) run(t *testing.T, services ...*notify.Service) {
	t.Helper()
	o.db.OnCommit = func(hints []models.Hint) {
		for _, s := range services {
			s.Hear(hints)
		}
	}
	for _, s := range services {
		s.Start(t.Context())
		t.Cleanup(func() {
			if err := s.Stop(context.Background(), 0); err != nil {
				t.Error(err)
			}
		})
	}
}

// change edits the endpoint.
func (o *office) change(t *testing.T, c models.EndpointChange) {
	t.Helper()
	modelstest.Write(t, o.db, func(tx *models.Tx) error {
		_, err := o.UpdateEndpoint(tx, models.MerchantScope(o.shop.ID), o.endpoint.ID, notify.EndpointChange{EndpointChange: c})
		return err
	})
}

// order makes an event with its delivery.
func (o *office) order(t *testing.T) models.Delivery {
	t.Helper()
	modelstest.Order(t, o.db, o.shop.ID, 500)
	rows, _, err := o.db.Deliveries(t.Context(), models.MerchantScope(o.shop.ID), models.DeliveryFilter{}, models.Page{Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("deliveries: %v, %v", rows, err)
	}
	return rows[0]
}

// drain makes all deliveries that are due.
func (o *office) drain(t *testing.T) {
	t.Helper()
	if err := o.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (o *office) delivery(t *testing.T, id string) *models.Delivery {
	t.Helper()
	d, err := o.db.Delivery(t.Context(), models.MerchantScope(o.shop.ID), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL+"/hooks")
		d := o.order(t)
		var wg sync.WaitGroup
		for range 5 { // dispatchers of as many nodes
			wg.Go(func() {
				if err := o.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := shop.all()
		if len(got) != 1 {
			t.Fatalf("%d posts, want 1", len(got))
		}
		verifier, err := standardwebhooks.NewWebhook(o.secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify([]byte(got[0].body), got[0].header); err != nil {
			t.Errorf("the public library refuses the delivery: %v", err)
		}
		if err := verifier.Verify([]byte(got[0].body+" "), got[0].header); err == nil {
			t.Error("the public library accepts a changed body")
		}
		if !strings.HasPrefix(got[0].body, `{"type":"order.created","timestamp":"`) {
			t.Errorf("body = %s", got[0].body)
		}
		if got := o.delivery(t, d.ID); got.Status != models.DeliveryDelivered || got.Attempts != 1 || got.LastStatus != 204 {
			t.Errorf("delivery = %+v", got)
		}
	})
}

func TestDeliverUntilExhaustedAndReplay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		shop.answer(http.StatusInternalServerError, "our database is down")
		o := newOffice(t, db, shop.URL)
		d := o.order(t)
		for n := 1; n <= notify.MaxAttempts; n++ {
			o.drain(t)
			if n == notify.MaxAttempts {
				break
			}
			o.drain(t)
			if made := len(shop.all()); made != n {
				t.Fatalf("%d posts before the time of attempt %d", made, n+1)
			}
			o.pass(o.delivery(t, d.ID).NextAttemptAt.Sub(db.Now()) + time.Second)
		}
		got := o.delivery(t, d.ID)
		if got.Status != models.DeliveryExhausted || got.Attempts != notify.MaxAttempts {
			t.Fatalf("delivery is %s after %d attempts", got.Status, got.Attempts)
		}
		attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
		if err != nil || len(attempts) != notify.MaxAttempts || attempts[0].Answer != "our database is down" {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		posts := shop.all()
		if first, last := posts[0], posts[len(posts)-1]; first.body != last.body ||
			first.header.Get("Webhook-Id") != last.header.Get("Webhook-Id") {
			t.Error("id or body changed between attempts")
		}
		shop.answer(http.StatusOK, "")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.ReplayDelivery(models.MerchantScope(o.shop.ID), d.ID)
			return err
		})
		o.drain(t)
		if got := o.delivery(t, d.ID); got.Status != models.DeliveryDelivered || got.Attempts != notify.MaxAttempts+1 {
			t.Errorf("after the replay: %s, %d attempts", got.Status, got.Attempts)
		}
	})
}

func TestEndpointFates(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		shop.answer(http.StatusGone, "")
		o.order(t)
		o.drain(t)
		endpoint, err := db.Endpoint(t.Context(), models.MerchantScope(o.shop.ID), o.endpoint.ID)
		if err != nil || endpoint.DisabledReason != "gone" {
			t.Fatalf("endpoint = %+v, %v", endpoint, err)
		}
		second := o.order(t)
		o.drain(t)
		if got := o.delivery(t, second.ID); got.Status != models.DeliveryCanceled || got.Attempts != 0 {
			t.Errorf("delivery to a disabled endpoint: %s after %d attempts", got.Status, got.Attempts)
		}
		if n := len(shop.all()); n != 1 {
			t.Errorf("%d posts, want 1", n)
		}
	})
}

func TestRotatedSecretsBothSign(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	shop := newReceiver(t)
	o := newOffice(t, db, shop.URL)
	var lost, fresh string
	for _, text := range []*string{&lost, &fresh} { // twice, as the first answer got lost
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			_, *text, err = o.RotateSecret(tx, models.MerchantScope(o.shop.ID), o.endpoint.ID)
			return err
		})
	}
	o.order(t)
	o.drain(t)
	verify := func(post received, text string) error {
		verifier, err := standardwebhooks.NewWebhook(text)
		if err != nil {
			t.Fatal(err)
		}
		return verifier.VerifyIgnoringTimestamp([]byte(post.body), post.header)
	}
	if post := shop.all()[0]; verify(post, o.secret) != nil || verify(post, lost) != nil || verify(post, fresh) != nil {
		t.Error("during the overlap all secrets must verify")
	}
	o.offset.Store(int64(25 * time.Hour))
	o.order(t)
	o.drain(t)
	if post := shop.all()[1]; verify(post, o.secret) == nil || verify(post, lost) == nil || verify(post, fresh) != nil {
		t.Error("after the overlap only the new secret may verify")
	}
}

// Of secrets replaced an hour less than a day apart, the first ends a day after it
// was replaced, also when all were sealed under another key meanwhile.
func TestEachReplacedSecretSignsForADay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		rotate := func(at time.Duration) (text string) {
			o.offset.Store(int64(at))
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				_, text, err = o.RotateSecret(tx, models.MerchantScope(o.shop.ID), o.endpoint.ID)
				return err
			})
			return text
		}
		first, second, third := o.secret, rotate(0), rotate(23*time.Hour)
		next, err := o.keys.WithNewPrimary()
		if err != nil {
			t.Fatal(err)
		}
		vault := credentials.New(next)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			e, err := tx.Endpoint(models.AllMerchants(), o.endpoint.ID)
			if err != nil {
				return err
			}
			if changed, err := vault.ResealEndpoint(e); !changed || err != nil {
				t.Errorf("sealed anew: %v, %v", changed, err)
			}
			return tx.ResealEndpoint(e)
		})
		o.Service = notify.NewService(db, vault, notify.Options{AllowNets: loopback}, slog.New(slog.DiscardHandler))
		for _, test := range []struct {
			at   time.Duration
			want []bool // of first, second and third
		}{
			{23*time.Hour + time.Minute, []bool{true, true, true}},
			{24*time.Hour - time.Minute, []bool{true, true, true}},
			{24*time.Hour + time.Minute, []bool{false, true, true}},
			{47*time.Hour - time.Minute, []bool{false, true, true}},
			{47*time.Hour + time.Minute, []bool{false, false, true}},
		} {
			o.offset.Store(int64(test.at))
			o.order(t)
			o.drain(t)
			all := shop.all()
			var got []bool
			for _, secret := range []string{first, second, third} {
				verifier, err := standardwebhooks.NewWebhook(secret)
				if err != nil {
					t.Fatal(err)
				}
				post := all[len(all)-1]
				got = append(got, verifier.VerifyIgnoringTimestamp([]byte(post.body), post.header) == nil)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("after %s the secrets sign %v, want %v", test.at, got, test.want)
			}
		}
	})
}

func TestPrivateNetworksAreRefused(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	service := notify.NewService(db, credentials.New(keys), notify.Options{}, slog.New(slog.DiscardHandler))
	shop := modelstest.Merchant(t, db)
	for _, url := range []string{"http://127.0.0.1:9/", "http://[::1]/", "http://169.254.169.254/", "ftp://example.com/", "http://u:p@example.com/"} {
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			_, _, err := service.CreateEndpoint(tx, shop.ID, notify.NewEndpoint{URL: url})
			return err
		})
		if err == nil {
			t.Errorf("%s was accepted", url)
		}
	}
}
