package models_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What an endpoint missed began before it failed or was disabled, with what waited
// then; once it is well again, with the oldest that has not arrived.
func TestMissedSince(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		e, now := newEndpoint(t, db, s.ID), db.Now()
		put := func(ago, ended time.Duration, kind, status string) {
			at, end := now.Add(-ago), now.Add(-ended)
			event := models.NewIDAt(models.PrefixEvent, at)
			execute(t, db, "INSERT INTO events (id, merchant_id, type, object_id, body, created_at) VALUES (?, ?, ?, 'ord_1', '{}', ?)", event, s.ID, kind, at)
			execute(t, db, "INSERT INTO deliveries (id, merchant_id, endpoint_id, event_id, event_type, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				models.NewIDAt(models.PrefixDelivery, at), s.ID, e.ID, event, kind, status, at, end)
		}
		ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
		want := func(what string, failing, disabled *time.Time, since time.Time) {
			t.Helper()
			e.FailingSince, e.DisabledAt = failing, disabled
			if got, err := db.MissedSince(t.Context(), e); err != nil || !got.Equal(since) {
				t.Errorf("%s: missed since %v, %v, want %v", what, got, err, since)
			}
		}
		put(80*day, 77*day, models.EventPing, models.DeliveryExhausted)
		put(70*day, 70*day, models.EventOrderCreated, models.DeliveryDelivered)
		want("all arrived but a test event", nil, nil, time.Time{})
		want("disabled before anything happened", nil, ago(2*day), now.Add(-2*day-time.Hour))
		put(60*day, 57*day, models.EventOrderCreated, models.DeliveryExhausted)
		want("well for long", nil, nil, time.Time{})
		put(12*day, 2*day, models.EventOrderCreated, models.DeliveryCanceled) // waited while it was paused
		put(day, day, models.EventOrderCreated, models.DeliveryCanceled)
		want("disabled while one waited", nil, ago(2*day), now.Add(-12*day-time.Hour))
		want("disabled for failures", ago(14*day), ago(9*day), now.Add(-14*day-time.Hour))
		want("failing", ago(36*time.Hour), nil, now.Add(-36*time.Hour-time.Hour))
		put(3*day, day, models.EventOrderCreated, models.DeliveryRetrying)
		want("failing, and one that was tried before", ago(12*time.Hour), nil, now.Add(-3*day-time.Hour))
		want("enabled again", nil, nil, now.Add(-12*day-time.Hour))
	})
}
