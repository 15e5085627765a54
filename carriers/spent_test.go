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
