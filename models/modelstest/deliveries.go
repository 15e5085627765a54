package modelstest

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ClaimDelivery takes one delivery for an attempt, as a dispatcher does with
// many; nil when it is not to be had.
func ClaimDelivery(t testing.TB, db *models.DB, id string) *models.Delivery {
	t.Helper()
	query := "UPDATE deliveries SET status = 'delivering', attempts = attempts + 1, lease_until = ?, updated_at = ? " +
		"WHERE id = ? AND status IN ('pending', 'retrying') AND next_attempt_at <= ?"
	if db.Dialect == models.Postgres {
		for _, place := range []string{"$1", "$2", "$3", "$4"} {
			query = strings.Replace(query, "?", place, 1)
		}
	}
	now := db.Now()
	res, err := db.SQL().ExecContext(context.Background(), query, now.Add(time.Hour), now, id, now)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil
	}
	d, err := db.Delivery(context.Background(), models.AllMerchants(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// FinishDelivery stores what came of an attempt; next is set with
// models.DeliveryRetrying.
func FinishDelivery(t testing.TB, db *models.DB, d *models.Delivery, a models.DeliveryAttempt, status string, next *time.Time) {
	t.Helper()
	e, err := db.Endpoint(context.Background(), models.AllMerchants(), d.EndpointID)
	if err != nil {
		t.Fatal(err)
	}
	Write(t, db, func(tx *models.Tx) error {
		return tx.StoreDeliveries([]models.DeliveryResult{{Delivery: *d, Attempt: a, Status: status, Next: next, Endpoint: e}}, math.MaxInt64)
	})
}
