package notify_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/secret"
)

// until waits until something is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(20 * time.Second); !so(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it does not happen that %s", what)
		}
	}
}

// gate is a server that answers when it is opened, and counts who waits.
type gate struct {
	waiting atomic.Int64
	open    chan struct{}

	mu   sync.Mutex
	most int64
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) hold(http.ResponseWriter) {
	n := g.waiting.Add(1)
	g.mu.Lock()
	g.most = max(g.most, n)
	g.mu.Unlock()
	<-g.open
	g.waiting.Add(-1)
}

// crowd is how many waited at once.
func (g *gate) crowd() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

// answered counts the deliveries of an endpoint that have a status.
func (o *office) answered(t *testing.T, status string) int {
	t.Helper()
	rows, _, err := o.db.Deliveries(t.Context(), models.AllMerchants(),
		models.DeliveryFilter{Endpoint: o.endpoint.ID, Status: status}, models.Page{Limit: models.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

// What two nodes have under way at an endpoint stays within its limit, and one
// that hangs keeps no other waiting.
func TestHangingEndpointKeepsToItsPlaces(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop, other := newReceiver(t), newReceiver(t)
		g := newGate()
		shop.answerBy(g.hold)
		o := newOffice(t, db, shop.URL)
		places := 3
		o.change(t, models.EndpointChange{MaxInFlight: &places})
		quiet := newOffice(t, db, other.URL)
		quiet.keys = o.keys
		modelstest.Write(t, db, func(tx *models.Tx) (err error) { // sealed with the keys of the services that run
			quiet.endpoint, quiet.secret, err = o.CreateEndpoint(tx, quiet.shop.ID, notify.NewEndpoint{URL: other.URL})
			return err
		})
		for range 10 {
			o.order(t)
		}
		o.run(t, o.Service, o.service(notify.Options{AllowNets: loopback}))
		until(t, "its places are taken", func() bool { return g.waiting.Load() == int64(places) })
		for range 20 {
			quiet.order(t)
		}
		until(t, "the other gets all", func() bool { return quiet.answered(t, models.DeliveryDelivered) == 20 })
		if n := g.crowd(); n != int64(places) {
			t.Errorf("%d were under way at once, want %d", n, places)
		}
		close(g.open)
		until(t, "all arrive", func() bool { return o.answered(t, models.DeliveryDelivered) == 10 })
		if n := g.crowd(); n != int64(places) {
			t.Errorf("%d were under way at once, want %d", n, places)
		}
		if n := len(shop.all()); n != 10 {
			t.Errorf("%d posts of 10 deliveries", n)
		}
	})
}

func TestPauseKeepsTheQueueAndResumeSendsIt(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		o.run(t, o.Service)
		o.order(t)
		until(t, "the first arrives", func() bool { return len(shop.all()) == 1 })
		yes, no := true, false
		o.change(t, models.EndpointChange{Paused: &yes})
		for range 5 {
			o.order(t)
		}
		time.Sleep(1200 * time.Millisecond) // longer than a dispatcher leaves a queue alone
		if n := len(shop.all()); n != 1 {
			t.Errorf("%d posts to a paused endpoint", n-1)
		}
		if n := o.answered(t, models.DeliveryPending); n != 5 {
			t.Errorf("%d deliveries wait, want 5", n)
		}
		o.change(t, models.EndpointChange{Paused: &no})
		until(t, "all arrive", func() bool { return len(shop.all()) == 6 })
	})
}

func TestDisableInTheMiddleOfRetries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		shop.answer(http.StatusInternalServerError, "")
		o := newOffice(t, db, shop.URL)
		d := o.order(t)
		o.drain(t)
		off := false
		o.change(t, models.EndpointChange{Enabled: &off})
		o.pass(time.Hour)
		o.drain(t)
		if got := o.delivery(t, d.ID); got.Status != models.DeliveryCanceled || got.Attempts != 1 || len(shop.all()) != 1 {
			t.Errorf("it is %s after %d attempts and %d posts", got.Status, got.Attempts, len(shop.all()))
		}
	})
}

// A server that is gone for good is tried by the schedule, until its endpoint
// is disabled, and who wants to know is told.
func TestDeadSinkUntilItsEndpointIsDisabled(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		shop.Close()
		other := newReceiver(t)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, _, err := o.CreateEndpoint(tx, o.shop.ID, notify.NewEndpoint{URL: other.URL, Events: []string{models.EventEndpointDisabled}})
			return err
		})
		begin := o.passed()
		for o.passed()-begin < 7*24*time.Hour {
			if e, err := db.Endpoint(t.Context(), models.AllMerchants(), o.endpoint.ID); err != nil || e.DisabledAt != nil {
				break
			}
			o.order(t)
			o.drain(t)
			o.pass(6 * time.Hour)
		}
		e, err := db.Endpoint(t.Context(), models.AllMerchants(), o.endpoint.ID)
		if err != nil || e.DisabledReason != models.EndpointFailing {
			t.Fatalf("the endpoint is %+v, %v", e, err)
		}
		if after := o.passed() - begin; after < 5*24*time.Hour || after > 5*24*time.Hour+12*time.Hour {
			t.Errorf("it was disabled after %s", after)
		}
		if got := other.all(); len(got) != 1 || !strings.Contains(got[0].body, `"disabled_reason":"failing"`) {
			t.Errorf("the other endpoint got %+v", got)
		}
	})
}

// A node that is killed while a delivery is on its way loses nothing: the
// delivery is made again under the same id.
func TestNodeIsKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := address(t)
			db, err := models.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			keyFile := filepath.Join(t.TempDir(), "keys")
			keys, _, err := secret.ReadOrCreateFile(keyFile)
			if err != nil {
				t.Fatal(err)
			}
			shop := newReceiver(t)
			o := newOffice(t, db, shop.URL)
			o.keys = keys
			o.Service = o.service(notify.Options{AllowNets: loopback})
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				if err := tx.DeleteEndpoint(models.AllMerchants(), o.endpoint.ID); err != nil {
					return err
				}
				o.endpoint, o.secret, err = o.CreateEndpoint(tx, o.shop.ID, notify.NewEndpoint{URL: shop.URL})
				return err
			})
			d := o.order(t)
			reached, killed := make(chan struct{}, 1), make(chan struct{})
			shop.answerBy(func(http.ResponseWriter) {
				select {
				case reached <- struct{}{}:
				default:
				}
				<-killed // nobody is answered before the node is dead
			})
			victim := exec.CommandContext(t.Context(), os.Args[0])
			victim.Env = append(os.Environ(), victimEnv+"="+url, victimKeysEnv+"="+keyFile)
			var out bytes.Buffer
			victim.Stdout, victim.Stderr = &out, &out
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-reached:
			case <-time.After(30 * time.Second):
				t.Error("the process delivers nothing")
			}
			if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			err = victim.Wait()
			close(killed)
			if status, ok := victim.ProcessState.Sys().(syscall.WaitStatus); err == nil || !ok || status.Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, &out)
			}
			o.drain(t)
			if got := o.delivery(t, d.ID); got.Status != models.DeliveryDelivering || got.Attempts != 1 {
				t.Errorf("before its lease ends it is %s after %d attempts", got.Status, got.Attempts)
			}
			o.offset.Store(int64(time.Minute))
			o.drain(t) // the next attempt is due when it is after any other one
			if got := o.delivery(t, d.ID); got.Status != models.DeliveryRetrying || !got.NextAttemptAt.After(db.Now()) {
				t.Errorf("after its lease it is %s, due at %v", got.Status, got.NextAttemptAt)
			}
			o.offset.Store(int64(time.Minute + 10*time.Second))
			o.drain(t)
			if got := o.delivery(t, d.ID); got.Status != models.DeliveryDelivered || got.Attempts != 2 {
				t.Errorf("it is %s after %d attempts", got.Status, got.Attempts)
			}
			posts := shop.all()
			if len(posts) != 2 || posts[0].header.Get(notify.HeaderID) != posts[1].header.Get(notify.HeaderID) || posts[0].body != posts[1].body {
				t.Errorf("the shop got %d posts: %+v", len(posts), posts)
			}
			attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
			if err != nil || len(attempts) != 2 || !strings.Contains(attempts[0].Error, "not known") || attempts[1].Status != http.StatusOK {
				t.Errorf("attempts %+v, %v", attempts, err)
			}
		})
	}
}

// A node that stops cuts off what takes longer than its grace, and stores it: it
// is due again at once and has lost none of its attempts, were it the last.
func TestStopStoresWhatItCutsOff(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		g := newGate()
		defer close(g.open)
		shop.answerBy(g.hold)
		o := newOffice(t, db, shop.URL)
		d := o.order(t)
		o.spend(t, d.ID, notify.MaxAttempts-1)
		o.run(t, o.Service)
		until(t, "it is under way", func() bool { return g.waiting.Load() == 1 })
		if err := o.Stop(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		got := o.delivery(t, d.ID)
		if got.Status != models.DeliveryRetrying || got.Attempts != notify.MaxAttempts || !strings.Contains(got.LastError, "stopped") {
			t.Errorf("it is %+v", got)
		}
		if got.RoundStart != 1 || got.NextAttemptAt == nil || got.NextAttemptAt.After(db.Now()) {
			t.Errorf("%d attempts do not count, and the next is at %v", got.RoundStart, got.NextAttemptAt)
		}
		e, err := db.Endpoint(t.Context(), models.AllMerchants(), o.endpoint.ID)
		if err != nil || e.FailingSince != nil {
			t.Errorf("that this side stopped counts against the endpoint: %+v, %v", e, err)
		}
	})
}
