//go:build !race

package carriers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/dhl"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/safehttp"
	"github.com/tillpost/tillpost/sandbox"
)

const (
	fleetParcels = 200
	fleetRate    = 25
	fleetPace    = 12 // how many times faster than real parcels these travel
)

// fleet is many parcels at a carrier that speaks over HTTP, on a clock that
// only the test moves.
type fleet struct {
	*carriers.Service

	t       *testing.T
	db      *models.DB
	clock   atomic.Int64 // microseconds since 1970; the carrier looks at it too
	account string
	server  *httptest.Server
	kill    int // every so many calls the worker dies before it stores the answer
	calls   int
	killed  int
}

// mortal is a carrier whose caller dies now and then while it waits.
type mortal struct {
	carriers.Carrier

	f *fleet
}

type deadWorker struct{}

func (m mortal) Track(ctx context.Context, a carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := m.Carrier.Track(ctx, a, parcels)
	m.f.calls++
	if m.f.calls%m.f.kill == 0 {
		m.f.killed++
		panic(deadWorker{})
	}
	return answers
}

func newFleet(t *testing.T, db *models.DB) *fleet {
	t.Helper()
	d := newDepot(t, db)
	f := &fleet{t: t, db: db, kill: 97}
	f.clock.Store(time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC).UnixMicro())
	db.Now = f.now
	fake, err := sandbox.New(sandbox.Options{
		Now: db.Now, CarrierRate: fleetRate, ParcelPace: fleetPace, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(fake.Handler())
	t.Cleanup(func() {
		f.server.Close()
		_ = fake.Close() // nothing of it is kept
	})
	vault := credentials.New(d.keys)
	a := models.Account{ID: models.NewID(models.PrefixCarrierAccount), MerchantID: d.shop.ID, Kind: "dhl", Enabled: true}
	err = vault.Apply(credentials.Carriers, &a, credentials.Edit{
		Name: "DHL", BaseURL: f.server.URL + "/dhl", Values: map[string]string{"api_key": "dhl_fleet"}, By: "test", At: f.now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.account = a.ID
	modelstest.Write(t, db, func(tx *models.Tx) error {
		if err := tx.CreateCarrierAccount(models.CarrierAccount{Account: a}); err != nil {
			return err
		}
		return tx.SetCarrierLimits(a.ID, models.CarrierLimits{RatePerSecond: fleetRate, QuotaPerDay: 1_000_000})
	})
	f.Service = carriers.NewService(db, vault, map[string]carriers.Carrier{
		"dhl": mortal{dhl.New(safehttp.New(safehttp.Options{})), f},
	}, carriers.Options{}, slog.New(slog.DiscardHandler))
	return f
}

func (f *fleet) now() time.Time { return time.UnixMicro(f.clock.Load()).UTC() }

func (f *fleet) pass(d time.Duration) { f.clock.Add(d.Microseconds()) }

// ends are how the journeys of the sandbox end.
var ends = []struct{ scenario, status, reason string }{
	{"delivered", models.ShipmentDelivered, ""},
	{"slow", models.ShipmentDelivered, ""},
	{"exception", models.ShipmentDelivered, ""},
	{"pickup", models.ShipmentDelivered, ""},
	{"returned", models.ShipmentReturned, ""},
	{"customs", models.ShipmentDelivered, ""},
	{"lost", models.ShipmentException, "lost"},
	{"throttled", models.ShipmentDelivered, ""},
	{"never_found", models.ShipmentUnknown, ""},
}

// send tells of parcels, and returns what should become of each.
func (f *fleet) send(order, merchant string) map[string]int {
	want := map[string]int{}
	modelstest.Write(f.t, f.db, func(tx *models.Tx) error {
		for i := range fleetParcels {
			sh, err := f.Add(tx, merchant, carriers.New{
				OrderID: order, Carrier: f.account, TrackingNumber: sandbox.DHLParcelNumber(ends[i%len(ends)].scenario, f.now(), i),
			})
			if err != nil {
				return err
			}
			want[sh.ID] = i % len(ends)
		}
		return nil
	})
	return want
}

// poll does the jobs of the queue. One whose worker dies is lost with it.
func (f *fleet) poll() {
	for _, args := range pollJobs(f.t, f.db) {
		for {
			wait, dead := f.attempt(args)
			if dead || wait == 0 {
				break
			}
			f.pass(wait)
		}
	}
}

func (f *fleet) attempt(args models.PollArgs) (wait time.Duration, dead bool) {
	defer func() {
		if died := recover(); died != nil {
			if _, ok := died.(deadWorker); !ok {
				panic(died)
			}
			dead = true
		}
	}()
	wait, err := f.Poll(f.t.Context(), args)
	if err != nil {
		f.t.Fatal(err)
	}
	return wait, false
}

// outage takes the carrier down for a while.
func (f *fleet) outage(kind string, d time.Duration) {
	f.t.Helper()
	body := fmt.Sprintf(`{"seconds":%g,"kind":%q}`, d.Seconds(), kind)
	response, err := http.Post(f.server.URL+"/carrier/outage", "application/json", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	_ = response.Body.Close() // its status is all that counts
	if response.StatusCode != http.StatusOK {
		f.t.Fatalf("outage: %s", response.Status)
	}
}

// usage is how the carrier was called.
func (f *fleet) usage() (u struct {
	Calls    int `json:"calls"`
	Refused  int `json:"refused_for_rate"`
	Unserved int `json:"unserved_in_outages"`
	Busiest  int `json:"busiest_second"`
},
) {
	f.t.Helper()
	response, err := http.Get(f.server.URL + "/carrier/usage")
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, &u)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

// TestManyParcels follows 200 parcels at a carrier that takes 25 calls a second,
// is out of order three times, wants to be left alone about some, and whose
// callers die: all end right, and the carrier is never called more often.
func TestManyParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		f := newFleet(t, db)
		merchant := modelstest.Merchant(t, db)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			a, err := tx.CarrierAccount(models.AllMerchants(), f.account)
			if err == nil {
				merchant.ID = a.MerchantID
			}
			return err
		})
		want := f.send(modelstest.Order(t, db, merchant.ID, 900).ID, merchant.ID)
		outages := map[time.Duration]string{2 * time.Hour: "503", 5 * time.Hour: "html", 9 * time.Hour: "reset"}
		start := f.now()
		end := start.Add(48 * time.Hour)
		for f.now().Before(end) {
			for after, kind := range outages {
				if f.now().Sub(start) >= after {
					f.outage(kind, 20*time.Minute)
					delete(outages, after)
				}
			}
			f.poll()
			if err := f.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.pass(5 * time.Minute)
		}
		wrong := 0
		for id, i := range want {
			sh, err := db.Shipment(t.Context(), models.AllMerchants(), id)
			if err != nil {
				t.Fatal(err)
			}
			if sh.Status != ends[i].status || sh.StatusReason != ends[i].reason {
				wrong++
				t.Errorf("a parcel that is %s is %s (%s), told by the carrier as %q", ends[i].scenario, sh.Status, sh.StatusReason, sh.SyncError)
			}
		}
		u := f.usage()
		t.Logf("%d calls, %d of them in outages, %d in the busiest second; %d workers died", u.Calls, u.Unserved, u.Busiest, f.killed)
		if u.Refused > 0 || u.Busiest > fleetRate {
			t.Errorf("the carrier was called %d times in a second, and refused %d calls", u.Busiest, u.Refused)
		}
		if u.Unserved == 0 || f.killed == 0 {
			t.Error("nothing went wrong")
		}
	})
}
