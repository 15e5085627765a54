package carriers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// talker makes several calls for one question, as carriers with tokens do.
type talker struct {
	*courier

	calls int
	url   string
	took  time.Duration // from before the first call until the last was made
}

func (k *talker) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	start := time.Now()
	for range k.calls {
		request, failure := carriers.NewRequest(ctx, http.MethodGet, account, k.url, "/", nil)
		if failure == nil {
			_, failure = carriers.Call(http.DefaultClient, request)
		}
		if failure != nil {
			return []carriers.Answer{{Err: failure}}
		}
		k.took = time.Since(start)
	}
	return k.courier.Track(ctx, account, parcels)
}

// Every call that a question takes counts, and keeps the account's rate.
func TestEveryCallCounts(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 20, PerDay: 1000}
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		k := &talker{courier: d.courier, calls: 3, url: server.URL}
		d.use(k)
		d.poll(t, d.add(t))
		account, err := db.CarrierAccount(t.Context(), models.AllMerchants(), d.account)
		if err != nil || account.CallsOn(db.Now()) != 3 {
			t.Errorf("%d calls are counted, %v; 3 were made", account.CallsOn(db.Now()), err)
		}
		// From the first turn to the third it is twice the interval; the first call
		// may leave a while after its turn.
		if k.took < 55*time.Millisecond {
			t.Errorf("3 calls were made in %s, the rate is one in 50 ms", k.took)
		}
	})
}

// A used-up share is told with its end, and a question by hand that finds no
// call left is refused instead of left waiting.
func TestUsedUpShareIsTold(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		clock := noon
		db.Now = func() time.Time { return clock }
		id := d.add(t)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.SetCarrierLimits(d.account, models.CarrierLimits{QuotaPerDay: 300})
		})
		spend := func(calls int) *models.CarrierAccount {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CountCarrierCalls(d.account, calls, clock) })
			a, err := db.CarrierAccount(t.Context(), models.AllMerchants(), d.account)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := spend(100); d.Held(a, false) != nil || d.Held(a, true) != nil {
			t.Error("held although calls are left by noon")
		}
		// 80% of 300 calls are for all by the end, an hour ahead of the clock: 130
		// at noon, and 230 are reached after 22 h 0 min.
		a := spend(130)
		until := d.Held(a, false)
		if until == nil || until.Before(noon.Add(9*time.Hour+55*time.Minute)) || until.After(noon.Add(10*time.Hour+5*time.Minute)) {
			t.Errorf("230 calls at noon: held until %v", until)
		}
		if until := d.Held(a, true); until != nil {
			t.Errorf("parcels out for delivery are held until %v", until)
		}
		clock = clock.Add(3 * time.Minute) // the first poll's lease is over
		if got := d.sync(t, id); got != "" {
			t.Errorf("with calls kept for people: %s", got)
		}
		clock = clock.Add(3 * time.Minute)
		a = spend(70)
		if until := d.Held(a, true); until == nil || !until.Equal(noon.Add(12*time.Hour)) {
			t.Errorf("with no call left: held until %v", until)
		}
		if got := d.sync(t, id); got != "carrier_quota_used" {
			t.Errorf("with no call left: %q", got)
		}
	})
}
