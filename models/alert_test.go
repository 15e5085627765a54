package models_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Calls and charges of payment accounts are counted with what they count, by the
// minute, and added to hours later; sums stay the same.
func TestGatewayMinutes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 3, 10, 12, 30, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		m := modelstest.Merchant(t, db)
		one, two := modelstest.Gateway(t, db, m.ID), modelstest.Gateway(t, db, m.ID)
		count := func(account *models.GatewayAccount, status int, charge models.AttemptStatus) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				tx.CountCharge(&account.ID, charge)
				return tx.AddProviderCalls([]models.ProviderCall{{
					MerchantID: m.ID, GatewayAccountID: &account.ID, ObjectID: "att_1", Purpose: "charge", Method: "POST", Status: status, StartedAt: now,
				}})
			})
		}
		for _, c := range []struct {
			status int
			to     models.AttemptStatus
		}{{200, models.AttemptSucceeded}, {200, models.AttemptAuthorized}, {402, models.AttemptDeclined}, {500, models.AttemptUnknown}, {0, models.AttemptNotSent}} {
			count(one, c.status, c.to)
		}
		count(two, 200, models.AttemptSucceeded)
		want := models.GatewaySpan{
			one.ID: {Calls: 5, Failed: 2, Succeeded: 2, Declined: 1}, two.ID: {Calls: 1, Succeeded: 1},
		}
		span := func(load func(ctx context.Context, at time.Time) (models.GatewaySpan, error), at time.Time) models.GatewaySpan {
			t.Helper()
			got, err := load(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if diff := cmp.Diff(want, span(db.GatewayMinutes, now.Add(-5*time.Minute))); diff != "" {
			t.Errorf("minutes (-want +got):\n%s", diff)
		}
		if got := span(db.GatewayMinutes, now.Add(time.Minute)); len(got) != 0 {
			t.Errorf("of a time that did not begin yet: %v", got)
		}
		now = now.Add(24 * time.Hour)
		for folded := 1; folded > 0; {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				folded, err = tx.FoldGateways(2)
				return err
			})
		}
		if got := span(db.GatewayMinutes, now.Add(-48*time.Hour)); len(got) != 0 {
			t.Errorf("minutes that were added to hours are still there: %v", got)
		}
		if diff := cmp.Diff(want, span(db.GatewayWeek, now)); diff != "" {
			t.Errorf("the week (-want +got):\n%s", diff)
		}
		if got := span(db.GatewayWeek, now.Add(8*24*time.Hour)); len(got) != 0 {
			t.Errorf("the week after: %v", got)
		}
	})
}

// Since when a provider refuses credentials is kept from the first refusal to
// the first answer.
func TestNoteGatewayAccess(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		a := modelstest.Gateway(t, db, modelstest.Merchant(t, db).ID)
		note := func(code string) *models.GatewayAccount {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteGatewayAccess(a.ID, code) })
			got, err := db.GatewayAccount(t.Context(), models.AllMerchants(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		first := note("invalid_key")
		if again := note("other"); first.RefusedAt == nil || !again.RefusedAt.Equal(*first.RefusedAt) || again.RefusedCode != "invalid_key" {
			t.Errorf("refused %v, then %v", first.RefusedAt, again)
		}
		if got := note(""); got.RefusedAt != nil || got.RefusedCode != "" {
			t.Errorf("after an answer: %+v", got)
		}
	})
}

// What alerts look at is found by how long it has waited, and what waits on
// purpose is not.
func TestAlertFigures(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, now := t.Context(), db.Now()
		s := newShop(t, db)
		payment, attempt := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 500), s.gateway)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			for _, to := range []models.AttemptStatus{models.AttemptSending, models.AttemptUnknown} {
				if _, err := tx.MoveAttempt(attempt.ID, to, models.AttemptChange{}); err != nil {
					return err
				}
			}
			if _, err := tx.MovePayment(payment.ID, models.PaymentProcessing, models.PaymentChange{}); err != nil {
				return err
			}
			_, err := tx.MovePayment(payment.ID, models.PaymentNeedsReview, models.PaymentChange{})
			return err
		})
		waiting := func(name string, load func(context.Context, time.Time) (models.Waiting, error), want int) {
			t.Helper()
			for at, n := range map[time.Time]int{now.Add(-time.Hour): 0, now.Add(time.Minute): want} {
				got, err := load(ctx, at)
				if err != nil || got.Count != n || n > 0 && got.Oldest.Sub(now).Abs() > time.Minute {
					t.Errorf("%s: %+v, %v, want %d", name, got, err, n)
				}
			}
		}
		waiting("unknown", db.StaleUnknown, 1)
		waiting("reviews", db.StaleReviews, 1)
		free, paused, failing := newEndpoint(t, db, s.ID), newEndpoint(t, db, s.ID), newEndpoint(t, db, s.ID)
		for _, e := range []*models.Endpoint{free, paused, failing} {
			newDelivery(t, db, e)
		}
		execute(t, db, "UPDATE webhook_endpoints SET paused_at = ? WHERE id = ?", now, paused.ID)
		execute(t, db, "UPDATE webhook_endpoints SET failing_since = ? WHERE id = ?", now, failing.ID)
		execute(t, db, "UPDATE webhook_endpoints SET updated_at = ?", now.Add(-time.Hour))
		waiting("overdue", db.OverdueDeliveries, 1)
		busy := newDelivery(t, db, free)
		modelstest.ClaimDelivery(t, db, busy)
		waiting("overdue while another is on its way", db.OverdueDeliveries, 1)
		execute(t, db, "UPDATE webhook_endpoints SET max_in_flight = 1 WHERE id = ?", free.ID)
		waiting("overdue while as many are on their way as it takes", db.OverdueDeliveries, 0)
		execute(t, db, "UPDATE deliveries SET lease_until = ? WHERE id = ?", now.Add(-time.Second), busy)
		waiting("overdue after the one who sent them died", db.OverdueDeliveries, 1)
		execute(t, db, "UPDATE webhook_endpoints SET updated_at = ?", now.Add(2*time.Minute))
		waiting("overdue at an endpoint that was just resumed", db.OverdueDeliveries, 0)
		execute(t, db, "UPDATE deliveries SET status = 'exhausted' WHERE endpoint_id = ?", failing.ID)
		lost, err := db.LostDeliveries(ctx, now.Add(-time.Hour))
		if err != nil || len(lost) != 1 || lost[failing.ID] != 1 {
			t.Errorf("lost: %v, %v", lost, err)
		}
		execute(t, db, "UPDATE deliveries SET last_status = 410 WHERE endpoint_id = ?", failing.ID)
		if lost, err := db.LostDeliveries(ctx, now.Add(-time.Hour)); err != nil || len(lost) != 0 {
			t.Errorf("lost at an endpoint that is gone: %v, %v", lost, err)
		}
		hour := now.UTC().Truncate(time.Hour)
		for _, row := range [][]any{{free.ID, hour, 1}, {failing.ID, hour, 0}, {paused.ID, hour.Add(-48 * time.Hour), 1}} {
			execute(t, db, "INSERT INTO endpoint_hours (endpoint_id, hour, bucket, attempts, delivered) VALUES (?, ?, 10, 1, ?)", row...)
		}
		arrived, err := db.ArrivedAt(ctx, now.Add(-time.Hour), []string{free.ID, failing.ID, paused.ID})
		if err != nil || len(arrived) != 1 || !arrived[free.ID] {
			t.Errorf("arrived: %v, %v", arrived, err)
		}
		troubled := func(besides ...string) (ids []string) {
			t.Helper()
			found, err := db.TroubledEndpoints(ctx, besides)
			if err != nil {
				t.Error(err)
			}
			for i := range found {
				ids = append(ids, found[i].ID)
			}
			return ids
		}
		if got := troubled(); !slices.Equal(got, []string{failing.ID}) {
			t.Errorf("troubled: %v", got)
		}
		if got := troubled(free.ID, failing.ID); len(got) != 2 || !slices.Contains(got, free.ID) {
			t.Errorf("troubled, and one that lost webhooks: %v", got)
		}
		execute(t, db, "UPDATE webhook_endpoints SET failing_since = ? WHERE id = ?", now.AddDate(0, 0, -models.MissedDays-1), failing.ID)
		if got := troubled(); len(got) != 0 {
			t.Errorf("left behind by its merchant a month ago, and still troubled: %v", got)
		}
		queues, err := db.Queues(ctx)
		if err != nil || len(queues) != 5 || queues[0].Queue != models.QueueMoney || queues[0].Count != 1 {
			t.Errorf("queues: %+v, %v", queues, err)
		}
	})
}

// Workers are seen by their leader and by what they have finished.
func TestWorkerSigns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		signs := func() models.WorkerSigns {
			t.Helper()
			got, err := db.WorkerSigns(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := signs(); got.Leader || got.Idle != 0 {
			t.Errorf("before any worker: %+v", got)
		}
		lead := "INSERT INTO river_leader (elected_at, expires_at, leader_id, name) VALUES (?, ?, 'node', 'default')"
		soon := time.Now().UTC().Add(time.Minute)
		format := func(at time.Time) any {
			if db.Dialect == models.SQLite {
				return at.Format("2006-01-02 15:04:05.999")
			}
			return at
		}
		idle := func(when string, want time.Duration) {
			t.Helper()
			if got := signs(); !got.Leader || (got.Idle-want).Abs() > 5*time.Second {
				t.Errorf("%s: %+v", when, got)
			}
		}
		execute(t, db, lead, format(soon), format(soon))
		modelstest.Write(t, db, func(tx *models.Tx) error { tx.Enqueue(models.PruneArgs{}); return nil })
		idle("with a leader, and no node that works", 0)
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Beat(models.Node{ID: "pages", Web: true}) })
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Beat(models.Node{ID: "gone", Workers: true}) })
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Beat(models.Node{ID: "works", Workers: true}) })
		execute(t, db, "UPDATE nodes SET started_at = ?, stopped_at = ? WHERE id = 'gone'", time.Now().UTC().Add(-2*time.Hour), time.Now().UTC())
		execute(t, db, "UPDATE nodes SET started_at = ? WHERE id = 'pages'", time.Now().UTC().Add(-time.Hour))
		execute(t, db, "UPDATE nodes SET started_at = ? WHERE id = 'works'", time.Now().UTC().Add(-7*time.Minute))
		idle("with workers that never finished anything", 7*time.Minute)
		execute(t, db, "UPDATE river_job SET state = 'completed', finalized_at = ?", format(time.Now().UTC().Add(-10*time.Minute)))
		idle("with workers that finished nothing since they started", 7*time.Minute)
		execute(t, db, "UPDATE nodes SET started_at = ? WHERE id = 'works'", time.Now().UTC().Add(-time.Hour))
		idle("with workers that finish nothing any more", 10*time.Minute)
		execute(t, db, "UPDATE river_leader SET expires_at = ?", format(time.Now().UTC().Add(-time.Minute)))
		if got := signs(); got.Leader {
			t.Errorf("after its time: %+v", got)
		}
	})
}

// Disputes are urgent while they can be answered, by merchant, the first first.
func TestUrgentDisputes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		now := db.Now()
		put := func(reference string, status models.DisputeStatus, by time.Duration) {
			p, _ := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 500), s.gateway)
			until := now.Add(by)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, _, err := tx.PutDispute(p, models.Dispute{
					GatewayAccountID: s.gateway, ProviderReference: reference, Status: status, Amount: 1, Currency: "EUR", RespondBy: &until,
				})
				return err
			})
		}
		put("later", models.DisputeNeedsResponse, 48*time.Hour)
		put("first", models.DisputeNeedsResponse, 24*time.Hour)
		put("far", models.DisputeNeedsResponse, 40*24*time.Hour)
		put("answered", models.DisputeUnderReview, time.Hour)
		put("past", models.DisputeNeedsResponse, -time.Hour)
		got, err := db.UrgentDisputes(t.Context(), now.Add(72*time.Hour))
		if err != nil || len(got) != 1 || got[0].Count != 2 || got[0].First.ProviderReference != "first" || got[0].MerchantID != s.ID {
			t.Errorf("urgent: %+v, %v", got, err)
		}
	})
}
