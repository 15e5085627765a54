package notify_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

var aina = models.Actor{Kind: "user", ID: "usr_agent", Name: "Aina"}

// replays begins a replay of everything of the last hour, as the change says.
func (o *office) replays(t *testing.T, change func(r *notify.ReplayRequest)) (replay *models.Replay, err error) {
	t.Helper()
	scope := models.MerchantScope(o.shop.ID)
	in := notify.ReplayRequest{
		ReplayChoice: notify.ReplayChoice{
			EndpointID: o.endpoint.ID, Kind: models.ReplayMissed, Since: o.db.Now().Add(-time.Hour), Until: o.db.Now().Add(time.Second),
		},
		PerMinute: notify.MaxReplayRate, Reason: "the shop was down", Actor: aina,
	}
	if change != nil {
		change(&in)
	}
	if in.Found, err = o.PlanReplay(t.Context(), scope, in.ReplayChoice); err != nil {
		return nil, err
	}
	err = o.db.Write(t.Context(), func(tx *models.Tx) (err error) {
		replay, err = o.StartReplay(tx, scope, in)
		return err
	})
	return replay, err
}

func (o *office) replay(t *testing.T, change func(r *notify.ReplayRequest)) *models.Replay {
	t.Helper()
	r, err := o.replays(t, change)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// step makes the next step of a replay, and the deliveries that it has made.
func (o *office) step(t *testing.T, id string, deliver bool) *models.Replay {
	t.Helper()
	o.pass(time.Second)
	if _, err := o.WorkReplay(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if deliver {
		o.drain(t)
	}
	r, err := o.db.Replay(t.Context(), models.AllMerchants(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// finish makes steps until a replay stops.
func (o *office) finish(t *testing.T, id string) *models.Replay {
	t.Helper()
	for range 100 {
		if r := o.step(t, id, true); r.Status != models.BulkRunning {
			return r
		}
	}
	t.Fatal("the replay does not end")
	return nil
}

// pending are the deliveries to the endpoint that wait, oldest first.
func (o *office) pending(t *testing.T) []models.Delivery {
	t.Helper()
	var found []models.Delivery
	for cursor := ""; ; {
		rows, next, err := o.db.Deliveries(t.Context(), models.AllMerchants(),
			models.DeliveryFilter{Status: models.DeliveryPending, Endpoint: o.endpoint.ID}, models.Page{Limit: models.MaxLimit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if found = append(found, rows...); next == "" {
			slices.Reverse(found)
			return found
		}
		cursor = next
	}
}

// history makes events of an hour: two before the endpoint was there, three
// that arrived, four that did not, and one that is being sent.
func history(t *testing.T, db *models.DB, shop *receiver) *office {
	t.Helper()
	o := newOffice(t, db, shop.URL+"/hooks")
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DeleteEndpoint(models.AllMerchants(), o.endpoint.ID) })
	for range 2 {
		modelstest.Order(t, db, o.shop.ID, 500)
	}
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		o.endpoint, o.secret, err = o.CreateEndpoint(tx, o.shop.ID, notify.NewEndpoint{URL: shop.URL + "/hooks"})
		return err
	})
	for range 3 {
		o.order(t)
	}
	o.drain(t)
	shop.answer(http.StatusInternalServerError, "down")
	for range 4 {
		o.order(t)
	}
	o.drain(t)
	modelstest.ClaimDelivery(t, db, o.order(t).ID)
	shop.answer(http.StatusNoContent, "")
	return o
}

// ids are the webhook-ids that a shop got after the first n.
func (r *receiver) ids(n int) []string {
	var ids []string
	for _, got := range r.all()[n:] {
		ids = append(ids, got.header.Get(notify.HeaderID))
	}
	slices.Sort(ids)
	return ids
}

func TestReplayKinds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		tests := map[string]struct {
			kind           string
			events         []int // by their order
			sent, skipped  int64
			alreadyArrived int
		}{
			"failed": {kind: models.ReplayFailed, events: []int{5, 6, 7, 8}, sent: 4},
			"missed": {kind: models.ReplayMissed, events: []int{0, 1, 5, 6, 7, 8}, sent: 6},
			"all":    {kind: models.ReplayAll, events: []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, sent: 9, skipped: 1},
		}
		for name, test := range tests {
			shop := newReceiver(t)
			o := history(t, db, shop)
			events, _, err := db.Events(t.Context(), models.MerchantScope(o.shop.ID), models.EventOrderCreated, models.Span{}, models.Page{})
			if err != nil || len(events) != 10 {
				t.Fatal(len(events), err)
			}
			slices.Reverse(events)
			var want []string
			for _, i := range test.events {
				want = append(want, events[i].ID)
			}
			slices.Sort(want)
			before := len(shop.all())
			o.pass(time.Second) // what happens in the moment of its start is not found
			r := o.replay(t, func(r *notify.ReplayRequest) { r.Kind = test.kind })
			if r.Total != int64(len(test.events))+test.skipped {
				t.Errorf("%s: %d were found", name, r.Total)
			}
			o.pass(time.Second)
			if wait, err := o.WorkReplay(t.Context(), r.ID); err != nil || wait != time.Second {
				t.Fatalf("%s: the next step is in %s, %v", name, wait, err)
			}
			o.drain(t)
			r = o.finish(t, r.ID)
			if r.Status != models.BulkFinished || r.Sent != test.sent || r.Arrived != test.sent || r.Skipped != test.skipped || r.Failed != 0 {
				t.Errorf("%s: it ended as %+v", name, r)
			}
			if got := shop.ids(before); !slices.Equal(got, want) {
				t.Errorf("%s: the shop got %v, want %v, each once and with the event's own id", name, got, want)
			}
			entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: r.ID}, models.Page{})
			if err != nil || len(entries) != 1 || entries[0].Reason != "the shop was down" || entries[0].ActorID != aina.ID {
				t.Errorf("%s: the audit log has %+v, %v", name, entries, err)
			}
		}
	})
}

// A replay of many keeps few under way, so that news does not wait behind it,
// and two workers send nothing twice.
func TestReplayByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		modelstest.DisableEndpoint(t, db, o.endpoint.ID, "failing")
		const events = 150
		for range events {
			modelstest.Order(t, db, o.shop.ID, 500)
		}
		if _, err := o.replays(t, nil); !errors.Is(err, models.Conflict("endpoint_disabled", "")) {
			t.Errorf("to a disabled endpoint: %v", err)
		}
		r := o.replay(t, func(r *notify.ReplayRequest) { r.Enable = true })
		if _, err := o.replays(t, nil); !errors.Is(err, models.Conflict("replay_open", "")) {
			t.Errorf("two at once: %v", err)
		}
		o.pass(time.Second)
		together := func() {
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					if _, err := o.WorkReplay(t.Context(), r.ID); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		for range 4 {
			together()
			o.pass(time.Second)
		}
		if n := len(o.pending(t)); n != 100 {
			t.Errorf("%d are under way", n)
		}
		for range 10 {
			o.drain(t)
			together()
			o.pass(time.Second)
		}
		r, err := db.Replay(t.Context(), models.AllMerchants(), r.ID)
		if err != nil || r.Status != models.BulkFinished || r.Arrived != events || r.Sent != events {
			t.Errorf("it ended as %+v, %v", r, err)
		}
		if ids := shop.ids(0); len(ids) != events || len(slices.Compact(ids)) != events {
			t.Errorf("the shop got %d posts", len(shop.all()))
		}
	})
}

func TestReplayGivesUp(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		shop.answer(http.StatusBadRequest, "no")
		o := newOffice(t, db, shop.URL)
		for range 40 {
			o.order(t)
		}
		o.drain(t)
		slow := func(r *notify.ReplayRequest) { r.Kind, r.PerMinute = models.ReplayFailed, 300 }
		r := o.finish(t, o.replay(t, slow).ID)
		if r.Status != models.BulkPaused || r.Halt != models.HaltFailing || r.Failed < 20 || r.Failed > 30 {
			t.Errorf("a shop that does not hear is told of all: %+v", r)
		}
		shop.answer(http.StatusOK, "")
		turn := func(act func(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error) error {
			return db.Write(t.Context(), func(tx *models.Tx) error { return act(tx, models.AllMerchants(), r.ID, aina) })
		}
		if err := turn(o.PauseReplay); !errors.Is(err, models.Conflict("replay_moved", "")) {
			t.Errorf("paused twice: %v", err)
		}
		if err := turn(o.ResumeReplay); err != nil {
			t.Fatal(err)
		}
		failed := r.Failed
		if r = o.step(t, r.ID, true); r.Halt != "" || r.Arrived != 5 {
			t.Errorf("resumed, it is %+v", r)
		}
		modelstest.DisableEndpoint(t, db, o.endpoint.ID, "paused")
		if r = o.step(t, r.ID, false); r.Status != models.BulkPaused || r.Halt != models.HaltDisabled {
			t.Errorf("of a disabled endpoint it is %+v", r)
		}
		if err := turn(o.CancelReplay); err != nil {
			t.Fatal(err)
		}
		if r = o.step(t, r.ID, true); r.Status != models.BulkCanceled || r.Arrived != 5 || r.Failed != failed {
			t.Errorf("canceled, it is %+v", r)
		}
		if err := turn(o.ResumeReplay); !errors.Is(err, models.Conflict("replay_moved", "")) {
			t.Errorf("resumed after its end: %v", err)
		}
	})
}

// A replay whose worker was killed is found and goes on where it was.
func TestReplayIsRescued(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		for range 4 {
			o.order(t)
		}
		for _, d := range o.pending(t) {
			modelstest.FinishDelivery(t, db, modelstest.ClaimDelivery(t, db, d.ID),
				models.DeliveryAttempt{StartedAt: db.Now(), Status: 500}, models.DeliveryExhausted, nil)
		}
		r := o.replay(t, func(r *notify.ReplayRequest) { r.PerMinute = 120 })
		if r = o.step(t, r.ID, true); r.Sent != 2 {
			t.Fatalf("one step sends %d", r.Sent)
		}
		o.pass(30 * time.Second)
		if err := o.RescueReplays(t.Context()); err != nil {
			t.Fatal(err)
		}
		if stalled, err := db.StalledReplays(t.Context(), 10); err != nil || len(stalled) != 0 {
			t.Errorf("after half a minute: %v, %v", stalled, err)
		}
		o.pass(time.Minute)
		if stalled, err := db.StalledReplays(t.Context(), 10); err != nil || len(stalled) != 1 {
			t.Errorf("after more than a minute: %v, %v", stalled, err)
		}
		if err := o.RescueReplays(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r = o.finish(t, r.ID); r.Arrived != 4 || len(shop.all()) != 4 {
			t.Errorf("%d posts, it ended as %+v", len(shop.all()), r)
		}
	})
}

func TestStartReplayRefuses(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		o.order(t)
		o.drain(t)
		foreign := newOffice(t, db, shop.URL)
		for code, change := range map[string]func(r *notify.ReplayRequest){
			"nothing_to_replay": nil,
			"reason_required":   func(r *notify.ReplayRequest) { r.Reason = " x " },
			"out_of_range":      func(r *notify.ReplayRequest) { r.PerMinute = 6001 },
			"since_after_until": func(r *notify.ReplayRequest) { r.Until = r.Since },
			"not_found":         func(r *notify.ReplayRequest) { r.EndpointID = foreign.endpoint.ID },
		} {
			if _, err := o.replays(t, change); !errors.Is(err, models.Invalid("", code)) {
				t.Errorf("%s: %v", code, err)
			}
		}
	})
}

func TestReplayLeavesTestsOfOtherEndpoints(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := newOffice(t, db, newReceiver(t).URL+"/hooks")
		scope := models.MerchantScope(o.shop.ID)
		err := o.db.Write(t.Context(), func(tx *models.Tx) error {
			events := []string{models.EventPing}
			if _, err := o.UpdateEndpoint(tx, scope, o.endpoint.ID, notify.EndpointChange{EndpointChange: models.EndpointChange{Events: &events}}); err != nil {
				return err
			}
			other, _, err := o.CreateEndpoint(tx, o.shop.ID, notify.NewEndpoint{URL: o.endpoint.URL})
			if err != nil {
				return err
			}
			for _, id := range []string{other.ID, o.endpoint.ID} {
				if _, _, err = tx.PingEndpoint(scope, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		o.pass(time.Second)
		found, err := o.PlanReplay(t.Context(), scope, notify.ReplayChoice{
			EndpointID: o.endpoint.ID, Kind: models.ReplayAll, Since: o.db.Now().Add(-time.Hour), Until: o.db.Now().Add(time.Second),
		})
		if err != nil || found.Total != 1 {
			t.Errorf("of two tests, one its own, a replay finds %+v (%v)", found, err)
		}
	})
}
