package models_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// claim takes deliveries of the endpoints, by endpoint.
func claim(t *testing.T, db *models.DB, req models.ClaimRequest) map[string]models.Lane {
	t.Helper()
	req.Lease = time.Minute
	var lanes []models.Lane
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		lanes, err = tx.ClaimDeliveries(req)
		return err
	})
	found := map[string]models.Lane{}
	for _, l := range lanes {
		found[l.Endpoint.ID] = l
	}
	return found
}

// queue makes deliveries to an endpoint.
func queue(t *testing.T, db *models.DB, e *models.Endpoint, n int) (ids []string) {
	t.Helper()
	for range n {
		ids = append(ids, newDelivery(t, db, e))
	}
	return ids
}

func change(t *testing.T, db *models.DB, e *models.Endpoint, c models.EndpointChange) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		_, err := tx.UpdateEndpoint(models.AllMerchants(), e.ID, c)
		return err
	})
}

func ids(deliveries []models.Delivery) (out []string) {
	for _, d := range deliveries {
		out = append(out, d.ID)
	}
	return out
}

// stopped gives a database whose clock the test moves.
func stopped(db *models.DB) *time.Time {
	now := db.Now()
	db.Now = func() time.Time { return now }
	return &now
}

func TestClaimDeliveriesByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		queue(t, db, e, 20)
		var (
			mu  sync.Mutex
			got = map[string]int{}
		)
		together(t, 30, func(int) error {
			lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 3})[e.ID]
			mu.Lock()
			defer mu.Unlock()
			for _, d := range lane.Deliveries {
				got[d.ID]++
			}
			return nil
		})
		if len(got) == 0 || len(got) > models.DefaultInFlight {
			t.Errorf("%d are under way, want at most %d", len(got), models.DefaultInFlight)
		}
		for id, n := range got {
			if d := load[models.Delivery](t, db, id); n != 1 || d.Attempts != 1 || d.Status != models.DeliveryDelivering {
				t.Errorf("%d dispatchers got %+v", n, d)
			}
		}
	})
}

func TestClaimDeliveriesIsFair(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		flooded, quiet := newEndpoint(t, db, s.ID), newEndpoint(t, db, s.ID)
		flood := queue(t, db, flooded, 15)
		one := queue(t, db, quiet, 1)
		both := []string{flooded.ID, quiet.ID}

		lanes := claim(t, db, models.ClaimRequest{Endpoints: both, Room: 6})
		if got := lanes[flooded.ID]; !slices.Equal(ids(got.Deliveries), flood[:3]) || !got.More || got.Full {
			t.Errorf("the long queue got %d of 6 places: %+v", len(got.Deliveries), got)
		}
		if got := lanes[quiet.ID]; !slices.Equal(ids(got.Deliveries), one) || got.More {
			t.Errorf("the short queue got %+v", got)
		}
		lanes = claim(t, db, models.ClaimRequest{Endpoints: both, Room: 100})
		if got := lanes[flooded.ID]; !slices.Equal(ids(got.Deliveries), flood[3:8]) || !got.More || !got.Full {
			t.Errorf("with 3 of %d under way the long queue got %d: %+v", models.DefaultInFlight, len(got.Deliveries), got)
		}
		if got := claim(t, db, models.ClaimRequest{Endpoints: both, Room: 100})[flooded.ID]; len(got.Deliveries) != 0 || !got.Full || !got.More {
			t.Errorf("a full endpoint got %+v", got)
		}
		landed := map[string]bool{flood[0]: true, flood[1]: true}
		if got := claim(t, db, models.ClaimRequest{Endpoints: both, Room: 100, Landed: landed})[flooded.ID]; !slices.Equal(ids(got.Deliveries), flood[8:10]) {
			t.Errorf("with 2 answered it got %v", ids(got.Deliveries))
		}
		*now = now.Add(2 * time.Minute) // the leases are over: their workers died
		if got := claim(t, db, models.ClaimRequest{Endpoints: both, Room: 100})[flooded.ID]; len(got.Deliveries) != 5 || got.More {
			t.Errorf("after the leases it got %d of 5", len(got.Deliveries))
		}
	})
}

// An endpoint that has only failed for a while gets one at a time, until one
// arrives.
func TestClaimDeliveriesOfAFragileEndpoint(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		queue(t, db, e, 5)
		take := func(landed map[string]bool) models.Lane {
			return claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 100, Landed: landed})[e.ID]
		}
		execute(t, db, "UPDATE webhook_endpoints SET failing_since = ?", *now)
		*now = now.Add(61 * time.Second)
		first := take(nil)
		if len(first.Deliveries) != 1 || !first.Full {
			t.Fatalf("it got %d at once", len(first.Deliveries))
		}
		modelstest.FinishDelivery(t, db, &first.Deliveries[0], models.DeliveryAttempt{StartedAt: *now}, models.DeliveryExhausted, nil)
		second := take(nil)
		modelstest.FinishDelivery(t, db, &second.Deliveries[0], models.DeliveryAttempt{StartedAt: *now, Status: 200}, models.DeliveryDelivered, nil)
		if got := take(nil); len(got.Deliveries) != 3 {
			t.Errorf("once one has arrived it gets %d, want the other 3", len(got.Deliveries))
		}
	})
}

func TestClaimDeliveriesKeepsRates(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		for _, rate := range []int{1, 7, 60} {
			e := newEndpoint(t, db, s.ID)
			most := models.MaxInFlight
			change(t, db, e, models.EndpointChange{RatePerSecond: &rate, MaxInFlight: &most})
			queue(t, db, e, 4*rate+2)
			var begun []time.Time
			for end := now.Add(4 * time.Second); now.Before(end); {
				lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 100})[e.ID]
				for i := range lane.Deliveries {
					begun = append(begun, *now)
					modelstest.FinishDelivery(t, db, &lane.Deliveries[i], models.DeliveryAttempt{StartedAt: *now}, models.DeliveryDelivered, nil)
				}
				if !lane.More || lane.Wait <= 0 {
					t.Fatalf("rate %d: after %d: %+v", rate, len(begun), lane)
				}
				*now = now.Add(lane.Wait)
			}
			for i := range begun {
				if i+rate < len(begun) && begun[i+rate].Sub(begun[i]) < time.Second {
					t.Errorf("rate %d: more began within %s", rate, begun[i+rate].Sub(begun[i]))
				}
			}
			if n := len(begun); n < 4*rate*9/10 {
				t.Errorf("rate %d: only %d began in 4 s", rate, n)
			}
		}
	})
}

// While an endpoint is paused nothing is lost, and nothing sent.
func TestPausedEndpointKeepsItsQueue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		before := queue(t, db, e, 1)
		yes, no := true, false
		change(t, db, e, models.EndpointChange{Paused: &yes})
		modelstest.Order(t, db, s.ID, 100)
		if got := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]; len(got.Deliveries) != 0 || got.More {
			t.Errorf("a paused endpoint gets %+v", got)
		}
		if due, err := db.DueEndpoints(t.Context()); err != nil || len(due) != 0 {
			t.Errorf("due are %v, %v", due, err)
		}
		change(t, db, e, models.EndpointChange{Paused: &no})
		if due, err := db.DueEndpoints(t.Context()); err != nil || !slices.Equal(due, []string{e.ID}) {
			t.Errorf("resumed, due are %v, %v", due, err)
		}
		got := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
		if len(got.Deliveries) != 2 || got.Deliveries[0].ID != before[0] {
			t.Errorf("resumed it gets %v", ids(got.Deliveries))
		}
	})
}

func TestClosedEndpointsCancelWhatIsDue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		disabled, deleted := newEndpoint(t, db, s.ID), newEndpoint(t, db, s.ID)
		want := map[string]string{queue(t, db, disabled, 1)[0]: "endpoint_disabled", queue(t, db, deleted, 1)[0]: "endpoint_deleted"}
		later := queue(t, db, disabled, 1)[0]
		execute(t, db, "UPDATE deliveries SET status = 'retrying', next_attempt_at = ? WHERE id = ?", now.Add(time.Hour), later)
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DisableEndpoint(disabled, models.EndpointGone) })
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DeleteEndpoint(s.scope, deleted.ID) })
		both := models.ClaimRequest{Endpoints: []string{disabled.ID, deleted.ID}, Room: 9}
		for _, lane := range claim(t, db, both) {
			if len(lane.Deliveries) != 0 || lane.More {
				t.Errorf("a closed endpoint got %+v", lane)
			}
		}
		for id, reason := range want {
			if d := load[models.Delivery](t, db, id); d.Status != models.DeliveryCanceled || d.LastError != reason || d.Attempts != 0 {
				t.Errorf("delivery %+v, want canceled for %s", d, reason)
			}
		}
		if d := load[models.Delivery](t, db, later); d.Status != models.DeliveryRetrying {
			t.Errorf("a retry that is not due is %s", d.Status)
		}
		on := true
		change(t, db, disabled, models.EndpointChange{Enabled: &on})
		*now = now.Add(2 * time.Hour)
		if got := claim(t, db, both)[disabled.ID]; !slices.Equal(ids(got.Deliveries), []string{later}) {
			t.Errorf("enabled again before its turn, the retry is claimed as %v", ids(got.Deliveries))
		}
	})
}

func TestDueEndpoints(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, other := newShop(t, db), newShop(t, db)
		want := map[string]bool{}
		for range 5 {
			e := newEndpoint(t, db, s.ID)
			queue(t, db, e, 2)
			want[e.ID] = true
		}
		newEndpoint(t, db, s.ID) // has nothing
		future := newEndpoint(t, db, other.ID)
		execute(t, db, "UPDATE deliveries SET next_attempt_at = ? WHERE id = ?", db.Now().Add(time.Hour), queue(t, db, future, 1)[0])
		done := newEndpoint(t, db, other.ID)
		execute(t, db, "UPDATE deliveries SET status = 'delivered' WHERE id = ?", queue(t, db, done, 1)[0])
		due, err := db.DueEndpoints(t.Context())
		if err != nil || !slices.Equal(due, slices.Sorted(maps.Keys(want))) {
			t.Errorf("due are %v, %v, want %v", due, err, want)
		}
	})
}

// With less room than endpoints, those get it whose turn it is, whatever their
// ids; the others are told that their turn brought nothing.
func TestClaimGivesRoomByTurn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		var turns []string
		for range 5 {
			e := newEndpoint(t, db, s.ID)
			newDelivery(t, db, e)
			turns = append(turns, e.ID)
		}
		slices.Reverse(turns)
		lanes := claim(t, db, models.ClaimRequest{Endpoints: turns, Room: 2, Most: map[string]int{turns[1]: 0}})
		for i, endpoint := range turns {
			lane := lanes[endpoint]
			if got, want := len(lane.Deliveries), []int{1, 0, 1, 0, 0}[i]; got != want {
				t.Errorf("endpoint %d of its turn has %d deliveries, want %d", i, got, want)
			}
			if want := i > 2; lane.Passed != want || i > 0 && i != 2 && !lane.More {
				t.Errorf("endpoint %d of its turn: passed %t, want %t; more %t", i, lane.Passed, want, lane.More)
			}
		}
	})
}
