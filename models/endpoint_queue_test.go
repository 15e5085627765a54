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
		put := func(ago time.Duration, kind, status string) {
			at := now.Add(-ago)
			event := models.NewIDAt(models.PrefixEvent, at)
			execute(t, db, "INSERT INTO events (id, merchant_id, type, object_id, body, created_at) VALUES (?, ?, ?, 'ord_1', '{}', ?)", event, s.ID, kind, at)
			execute(t, db, "INSERT INTO deliveries (id, merchant_id, endpoint_id, event_id, event_type, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
				models.NewIDAt(models.PrefixDelivery, at), s.ID, e.ID, event, kind, status, at, at)
		}
		ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
		want := func(what string, failing, disabled *time.Time, since time.Time) {
			t.Helper()
			e.FailingSince, e.DisabledAt = failing, disabled
			if got, err := db.MissedSince(t.Context(), e); err != nil || !got.Equal(since) {
				t.Errorf("%s: missed since %v, %v, want %v", what, got, err, since)
			}
		}
		put(80*day, models.EventPing, models.DeliveryExhausted)
		put(70*day, models.EventOrderCreated, models.DeliveryDelivered)
		want("all arrived but a test event", nil, nil, time.Time{})
		want("disabled before anything happened", nil, ago(2*day), now.Add(-2*day-time.Hour))
		put(60*day, models.EventOrderCreated, models.DeliveryExhausted)
		put(3*day, models.EventOrderCreated, models.DeliveryCanceled)
		put(day, models.EventOrderCreated, models.DeliveryCanceled)
		want("disabled while one waited", nil, ago(2*day), now.Add(-3*day-time.Hour))
		want("disabled for failures", ago(10*day), ago(5*day), now.Add(-10*day-time.Hour))
		want("failing", ago(2*time.Hour), nil, now.Add(-3*day-time.Hour))
		want("enabled again", nil, nil, now.Add(-60*day-time.Hour))
	})
}
