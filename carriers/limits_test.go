package carriers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// askers is a carrier that must be asked for each parcel by a call of its own.
type askers struct {
	limits carriers.Limits
	url    string

	mu    sync.Mutex
	calls []time.Time
}

func (a *askers) ServeHTTP(http.ResponseWriter, *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, time.Now())
}

func (a *askers) Limits() carriers.Limits { return a.limits }

func (a *askers) Track(ctx context.Context, _ carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, p := range parcels {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/"+p.Number, http.NoBody)
		if err != nil {
			answers[i].Err = carriers.Malformed(err.Error(), nil)
			continue
		}
		if _, failure := carriers.Call(http.DefaultClient, request); failure != nil {
			answers[i].Err = failure
			continue
		}
		answers[i] = tracking()
	}
	return answers
}

// Questions that take many calls, of several workers at once, keep to the rate
// and the quota of their account together. Parcels that nobody was asked for
// stay due, and their account healthy.
func TestManyCallsKeepToTheLimits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const perSecond, workers, each = 10, 4, 6
		d := newDepot(t, db)
		carrier := &askers{limits: carriers.Limits{Batch: each, PerSecond: perSecond}}
		server := httptest.NewServer(carrier)
		t.Cleanup(server.Close)
		carrier.url = server.URL
		ask := func(ids []string) {
			t.Helper()
			for _, id := range ids {
				modelstest.Due(t, db, id)
			}
			var wg sync.WaitGroup
			for part := range slices.Chunk(ids, each) {
				service := carriers.NewService(db, credentials.New(d.keys), map[string]carriers.Carrier{"sandbox": carrier},
					carriers.Options{}, slog.New(slog.DiscardHandler))
				wg.Go(func() {
					for {
						wait, err := service.Poll(t.Context(), models.PollArgs{AccountID: d.account, ShipmentIDs: part})
						if err != nil {
							t.Error(err)
						}
						if wait == 0 {
							return
						}
						time.Sleep(wait)
					}
				})
			}
			wg.Wait()
		}
		ids := d.addMany(t, d.account, workers*each)
		ask(ids)
		// Calls leave a moment after their turn, and a busy machine delays some.
		const most = perSecond + 2
		for i := range carrier.calls[:len(carrier.calls)-most] {
			if within := carrier.calls[i+most].Sub(carrier.calls[i]); within < time.Second {
				t.Errorf("%d calls within %s", most+1, within)
			}
		}
		if got := len(carrier.calls); got != len(ids) {
			t.Errorf("%d calls for %d parcels", got, len(ids))
		}

		const quota = 40
		carrier.limits.PerDay = quota
		_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf("UPDATE carrier_accounts SET calls_today = %d, urgent_today = 0", quota-3))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.SQL().ExecContext(t.Context(), "UPDATE shipments SET status = 'out_for_delivery'")
		if err != nil {
			t.Fatal(err)
		}
		carrier.calls = nil
		ask(ids)
		a, err := db.CarrierAccount(t.Context(), models.AllMerchants(), d.account)
		if err != nil || a.CallsToday > quota || len(carrier.calls) > 3 || len(carrier.calls) == 0 || a.LastErrorKind != "" {
			t.Errorf("%d calls, %d of a quota of %d, health %q, %v", len(carrier.calls), a.CallsToday, quota, a.LastErrorKind, err)
		}
		due, err := db.DueShipments(t.Context(), models.Due{AccountID: d.account, By: db.Now()}, 100)
		if err != nil || len(due) != len(ids)-len(carrier.calls) {
			t.Errorf("%d parcels are due, %v", len(due), err)
		}
	})
}

// After "too many calls" the account waits as it was asked to, and goes on at
// half its rate for a while.
func TestHalvedRate(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.limits.PerSecond = 1
		rate := func() float64 {
			_, now := d.LimitsOf(d.stored(t))
			return now.PerSecond
		}
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrRateLimited, After: 10 * time.Minute, Message: "too many calls"}})
		d.poll(t, id)
		if a := d.state(t, models.CarrierWaiting); !a.ResumeAt.Equal(db.Now().Add(10*time.Minute)) || a.Failures != 0 {
			t.Errorf("account = %+v", a.CarrierHealth)
		}
		d.offset += 9 * time.Minute
		if d.asked(t, id) {
			t.Error("the carrier was asked before the time that it named")
		}
		d.offset += time.Minute
		d.state(t, models.CarrierHalved)
		d.courier.say(tracking())
		if !d.asked(t, id) || rate() != 0.5 {
			t.Errorf("after the wait the rate is %v", rate())
		}
		d.offset += 1100 * time.Millisecond
		if d.asked(t, id) {
			t.Error("called at the whole rate")
		}
		d.offset += 1100 * time.Millisecond
		if !d.asked(t, id) {
			t.Error("not called at half the rate")
		}
		d.courier.say(failure(carriers.ErrRateLimited)) // again, without a time
		d.offset += 2200 * time.Millisecond
		d.poll(t, id)
		if a := d.state(t, models.CarrierWaiting); !a.ResumeAt.Equal(db.Now().Add(5 * time.Minute)) {
			t.Errorf("waits until %v", a.ResumeAt)
		}
		d.offset += 5*time.Minute + time.Hour
		d.state(t, models.CarrierWorks)
		if rate() != 1 {
			t.Errorf("an hour later the rate is %v", rate())
		}
	})
}

// An account's own quota and rate take the place of its carrier's everywhere.
func TestOwnLimits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 1, PerDay: 2}
		d.courier.say(tracking())
		id := d.add(t)
		limit := func(l models.CarrierLimits) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				return d.SetLimits(tx, models.AllMerchants(), d.account, l, modelstest.Actor())
			})
		}
		if !d.asked(t, id) {
			t.Fatal("not called within the carrier's quota")
		}
		d.offset += time.Second
		if d.asked(t, id) { // 2 a day, of which a fifth is kept and half the day is over: one
			t.Fatal("called beyond the carrier's quota")
		}
		limit(models.CarrierLimits{QuotaPerDay: 1000, RatePerSecond: 0.1})
		for second, want := range []bool{true, false, true} { // one in ten seconds
			d.offset += 5500 * time.Millisecond
			if d.asked(t, id) != want {
				t.Errorf("after %d times five and a half seconds called: %v", second, !want)
			}
		}
		many := d.addMany(t, d.account, 10)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.leased(t, many); got != 1 {
			t.Errorf("a sweep took %d parcels, want the one that 0.1 a second allows", got)
		}
		limit(models.CarrierLimits{})
		if _, now := d.LimitsOf(d.stored(t)); now != d.courier.limits {
			t.Errorf("limits = %+v", now)
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			return d.SetLimits(tx, models.AllMerchants(), d.account, models.CarrierLimits{RatePerSecond: -1}, modelstest.Actor())
		})
		if err == nil {
			t.Error("a negative rate was taken")
		}
	})
}
