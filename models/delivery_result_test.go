package models_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestStoreDeliveries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		queue(t, db, e, 3)
		lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
		next := now.Add(time.Minute)
		results := []models.DeliveryResult{
			{Status: models.DeliveryDelivered, Attempt: models.DeliveryAttempt{
				Status: 200, LatencyMS: 12, Answer: "ok", RequestHeaders: models.SentHeaders{"Webhook-Id": "evt_1"},
			}},
			{Status: models.DeliveryRetrying, Next: &next, Attempt: models.DeliveryAttempt{Status: 500, Error: "answered 500", AnswerCut: true}},
			{Status: models.DeliveryExhausted, Attempt: models.DeliveryAttempt{Error: "no connection"}},
		}
		for i := range results {
			results[i].Delivery, results[i].Endpoint, results[i].Attempt.StartedAt = lane.Deliveries[i], &lane.Endpoint, *now
		}
		want := append([]models.DeliveryResult(nil), results...)
		*now = now.Add(time.Second)
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.StoreDeliveries(results, time.Hour) })
		for _, r := range want {
			d := load[models.Delivery](t, db, r.Delivery.ID)
			r.Delivery.Status, r.Delivery.NextAttemptAt, r.Delivery.LeaseUntil, r.Delivery.Event = r.Status, r.Next, nil, nil
			r.Delivery.LastStatus, r.Delivery.LastError, r.Delivery.Cause, r.Delivery.UpdatedAt = r.Attempt.Status, r.Attempt.Error, models.SentBySchedule, *now
			if diff := cmp.Diff(r.Delivery, d); diff != "" {
				t.Errorf("%s is stored so (-want +got):\n%s", r.Status, diff)
			}
			attempts, err := db.DeliveryAttempts(t.Context(), d.ID)
			r.Attempt.DeliveryID, r.Attempt.Number, r.Attempt.Cause = d.ID, 1, models.SentByHand
			if diff := cmp.Diff([]models.DeliveryAttempt{r.Attempt}, attempts); diff != "" || err != nil {
				t.Errorf("attempts, %v (-want +got):\n%s", err, diff)
			}
		}
	})
}

// The worker of a lease that has ended comes back: what came of its attempt is
// noted, and decides nothing.
func TestLateResultDecidesNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		id := queue(t, db, e, 1)[0]
		take := func() models.Delivery {
			t.Helper()
			lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
			if len(lane.Deliveries) != 1 {
				t.Fatal("the delivery is not to be had")
			}
			return lane.Deliveries[0]
		}
		release := func() (n int) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				n, err = tx.ReleaseDeliveries(func(int) (time.Duration, bool) { return 0, true }, 100, nil)
				return err
			})
			return n
		}
		late := take()
		*now = now.Add(59 * time.Second)
		if n := release(); n != 0 {
			t.Errorf("%d were released before their time", n)
		}
		*now = now.Add(2 * time.Second)
		if n := release(); n != 1 {
			t.Errorf("%d were released", n)
		}
		second := take()
		modelstest.FinishDelivery(t, db, &late, models.DeliveryAttempt{StartedAt: *now, Status: 500, Error: "answered 500"}, models.DeliveryExhausted, nil)
		if d := load[models.Delivery](t, db, id); d.Status != models.DeliveryDelivering || d.Attempts != 2 {
			t.Errorf("the late worker left %s after %d attempts", d.Status, d.Attempts)
		}
		attempts, err := db.DeliveryAttempts(t.Context(), id)
		if err != nil || len(attempts) != 1 || attempts[0].Error != "answered 500" {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		modelstest.FinishDelivery(t, db, &second, models.DeliveryAttempt{StartedAt: *now, Status: 200}, models.DeliveryDelivered, nil)
		if d := load[models.Delivery](t, db, id); d.Status != models.DeliveryDelivered {
			t.Errorf("the worker who holds it left %s", d.Status)
		}
	})
}

// A delivery that kills whoever makes it does so as often as any is tried.
func TestReleaseDeliveriesEnds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		id := queue(t, db, e, 1)[0]
		for range 3 {
			claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})
			*now = now.Add(2 * time.Minute)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.ReleaseDeliveries(func(attempts int) (time.Duration, bool) { return 5 * time.Minute, attempts < 3 }, 100, nil)
				return err
			})
			if d := load[models.Delivery](t, db, id); d.NextAttemptAt != nil {
				if !d.NextAttemptAt.Equal(now.Add(5 * time.Minute)) {
					t.Errorf("at %s it is due at %s", now, d.NextAttemptAt)
				}
				*now = *d.NextAttemptAt
			}
		}
		attempts, err := db.DeliveryAttempts(t.Context(), id)
		if d := load[models.Delivery](t, db, id); err != nil || d.Status != models.DeliveryExhausted || d.NextAttemptAt != nil || len(attempts) != 3 {
			t.Errorf("it is %+v with attempts %+v, %v", d, attempts, err)
		}
	})
}

func TestStoreDeliveriesJudgesEndpoints(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		const patience = 5 * 24 * time.Hour
		attempt := func(results ...models.DeliveryResult) *models.Endpoint {
			t.Helper()
			current, err := db.Endpoint(t.Context(), s.scope, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			queue(t, db, e, len(results))
			lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
			for i := range results {
				results[i].Delivery, results[i].Endpoint, results[i].Attempt.StartedAt = lane.Deliveries[min(i, len(lane.Deliveries)-1)], current, *now
			}
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.StoreDeliveries(results, patience) })
			current, err = db.Endpoint(t.Context(), s.scope, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			return current
		}
		failed := models.DeliveryResult{Status: models.DeliveryExhausted}
		arrived := models.DeliveryResult{Status: models.DeliveryDelivered}
		canceled := models.DeliveryResult{Status: models.DeliveryExhausted, Canceled: true}
		gone := models.DeliveryResult{Status: models.DeliveryExhausted, Gone: true}
		told := func() int64 { return count(t, db, "events", "type = ?", models.EventEndpointDisabled) }

		if got := attempt(canceled); got.FailingSince != nil {
			t.Error("an attempt that this side broke off counts against the endpoint")
		}
		if got := attempt(failed, arrived); got.FailingSince != nil {
			t.Error("an endpoint where one arrived counts as failing")
		}
		since := *now
		if got := attempt(failed); got.FailingSince == nil || !got.FailingSince.Equal(since) {
			t.Errorf("failing since %v", got.FailingSince)
		}
		*now = now.Add(patience)
		if got := attempt(failed); !got.FailingSince.Equal(since) || got.DisabledAt != nil {
			t.Errorf("after five days: %+v", got)
		}
		if got := attempt(arrived); got.FailingSince != nil {
			t.Error("one arrived, and the endpoint still fails")
		}
		attempt(failed)
		*now = now.Add(2 * patience)
		if got := attempt(failed); got.DisabledAt != nil || !got.FailingSince.Equal(*now) {
			t.Errorf("a failure long after the one before: %+v", got)
		}
		*now = now.Add(2 * patience)
		before, err := db.Endpoint(t.Context(), s.scope, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		attempt(failed)
		late := failed // was claimed together with the one before
		queue(t, db, e, 1)
		late.Delivery, late.Endpoint, late.Attempt.StartedAt = claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID].Deliveries[0], before, *now
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.StoreDeliveries([]models.DeliveryResult{late}, patience) })
		*now = now.Add(patience - 48*time.Hour)
		if got := attempt(failed); got.DisabledAt != nil {
			t.Errorf("two failures of one moment, long after the one before: %+v", got)
		}
		*now = now.Add(48*time.Hour + time.Second)
		if got := attempt(failed); got.DisabledReason != models.EndpointFailing || told() != 1 {
			t.Errorf("after more than five days: %+v, %d events", got, told())
		}
		on, off, elsewhere := true, false, "https://shop.example/new"
		change(t, db, e, models.EndpointChange{Enabled: &on})
		attempt(failed)
		change(t, db, e, models.EndpointChange{Paused: &on})
		if troubled, err := db.TroubledEndpoints(t.Context(), nil); err != nil || len(troubled) != 0 {
			t.Errorf("while it is paused, in trouble are %+v, %v", troubled, err)
		}
		*now = now.Add(patience + time.Second)
		change(t, db, e, models.EndpointChange{Paused: &off})
		if got := attempt(failed); got.DisabledAt != nil || !got.FailingSince.Equal(*now) {
			t.Errorf("a failure after a long pause: %+v", got)
		}
		*now = now.Add(patience + time.Second)
		change(t, db, e, models.EndpointChange{URL: &elsewhere})
		if got := attempt(failed); got.DisabledAt != nil || !got.FailingSince.Equal(*now) {
			t.Errorf("a failure at a new address: %+v", got)
		}
		if got := attempt(gone); got.DisabledReason != models.EndpointGone || told() != 2 {
			t.Errorf("after 410: %+v, %d events", got, told())
		}
		entries, _, err := db.AuditEntries(t.Context(), s.scope, models.AuditFilter{ObjectID: e.ID, Action: "endpoint.disable"}, models.Page{})
		if err != nil || len(entries) != 2 || entries[0].ActorKind != "system" || entries[0].Detail["reason"] != models.EndpointGone {
			t.Errorf("the audit log has %+v, %v", entries, err)
		}
	})
}

// What was claimed before says nothing of what an endpoint was made since, and
// an arrival ends failures that began after it was claimed.
func TestLateResultsJudgeNoEndpoint(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		queue(t, db, e, 4)
		lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
		store := func(i int, r models.DeliveryResult) *models.Endpoint {
			t.Helper()
			r.Delivery, r.Endpoint, r.Attempt.StartedAt = lane.Deliveries[i], &lane.Endpoint, *now
			*now = now.Add(time.Second)
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.StoreDeliveries([]models.DeliveryResult{r}, time.Hour) })
			stored, err := db.Endpoint(t.Context(), s.scope, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			return stored
		}
		if got := store(0, models.DeliveryResult{Status: models.DeliveryExhausted}); got.FailingSince == nil {
			t.Fatal("a failure is not noted")
		}
		if got := store(1, models.DeliveryResult{Status: models.DeliveryDelivered}); got.FailingSince != nil {
			t.Error("one that was claimed before arrived, and it counts as failing")
		}
		elsewhere := "https://shop.example/new"
		change(t, db, e, models.EndpointChange{URL: &elsewhere})
		if got := store(2, models.DeliveryResult{Status: models.DeliveryExhausted, Gone: true}); got.DisabledAt != nil {
			t.Error("a 410 of the old address disables the new one")
		}
		if got := store(3, models.DeliveryResult{Status: models.DeliveryExhausted}); got.FailingSince != nil {
			t.Error("a failure of the old address counts against the new one")
		}
	})
}

// Whoever claims holds the endpoint's row: an arrival that comes meanwhile ends
// its failures all the same.
func TestArrivalWaitsForAClaim(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		queue(t, db, e, 1)
		execute(t, db, "UPDATE webhook_endpoints SET failing_since = ? WHERE id = ?", now.Add(-time.Minute), e.ID)
		lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
		stored := make(chan error, 1)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if _, err := tx.ClaimDeliveries(models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9, Lease: time.Minute}); err != nil {
				return err
			}
			go func() {
				stored <- db.Write(context.Background(), func(tx *models.Tx) error {
					return tx.StoreDeliveries([]models.DeliveryResult{{
						Delivery: lane.Deliveries[0], Endpoint: &lane.Endpoint, Status: models.DeliveryDelivered,
						Attempt: models.DeliveryAttempt{StartedAt: *now, Status: 204},
					}}, time.Hour)
				})
			}()
			select {
			case err := <-stored:
				t.Errorf("a result was stored beside a claim, with %v", err)
			case <-time.After(100 * time.Millisecond):
			}
			return nil
		})
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
		if got, err := db.Endpoint(t.Context(), s.scope, e.ID); err != nil || got.FailingSince != nil {
			t.Errorf("after an arrival it fails since %v, %v", got.FailingSince, err)
		}
	})
}

func TestEndpointHealth(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := stopped(db)
		*now = now.Truncate(time.Hour).Add(30 * time.Minute)
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		at := func(status string, ms int64) {
			t.Helper()
			queue(t, db, e, 1)
			lane := claim(t, db, models.ClaimRequest{Endpoints: []string{e.ID}, Room: 9})[e.ID]
			modelstest.FinishDelivery(t, db, &lane.Deliveries[0], models.DeliveryAttempt{StartedAt: *now, LatencyMS: ms, Status: int(ms)}, status, nil)
		}
		end := *now
		*now = end.Add(-8 * 24 * time.Hour)
		at(models.DeliveryExhausted, 14_000) // too long ago
		*now = end.Add(-48 * time.Hour)
		for range 3 {
			at(models.DeliveryExhausted, 9_000)
		}
		*now = end.Add(-2 * time.Hour)
		at(models.DeliveryDelivered, 90)
		*now = end
		for range 6 {
			at(models.DeliveryDelivered, 90)
		}
		health, err := db.EndpointHealth(t.Context(), s.scope, e.ID, "whe_other")
		want := map[string]models.EndpointHealth{e.ID: {
			Day:  models.EndpointLoad{Attempts: 7, Delivered: 7, P95: 98 * time.Millisecond},
			Week: models.EndpointLoad{Attempts: 10, Delivered: 7, P95: 9583 * time.Millisecond},
		}}
		if diff := cmp.Diff(want, health); diff != "" || err != nil {
			t.Errorf("health, %v (-want +got):\n%s", err, diff)
		}
		execute(t, db, "UPDATE delivery_attempts SET answer = ?", strings.Repeat("a", 5000))
		last, err := db.LastAnswers(t.Context(), s.scope, e.ID, 2)
		for _, a := range last {
			if len(a.Answer) != 1024 || !a.AnswerCut {
				t.Errorf("%d characters of an answer are loaded, cut %t", len(a.Answer), a.AnswerCut)
			}
		}
		if err != nil || len(last) != 2 || last[0].Status != 90 {
			t.Errorf("last answers %+v, %v", last, err)
		}
	})
}
