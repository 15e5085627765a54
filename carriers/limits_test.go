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
