package models

import (
	"context"
	"fmt"
)

// maxWaiting is how far the deliveries that wait are counted.
const maxWaiting = 1000

// Backlog is how many deliveries wait for an endpoint.
type Backlog struct {
	N    int
	More bool // there are more than were counted
}

// WaitingDeliveries counts the deliveries that wait for an endpoint that the
// caller has loaded, up to a bound.
func (db *DB) WaitingDeliveries(ctx context.Context, endpointID string) (Backlog, error) {
	var n int
	waiting := db.q(ctx).Table("deliveries").Select("1").
		// The literals let SQLite see that the partial index serves.
		Where("endpoint_id = ? AND status IN ('pending', 'retrying')", endpointID).Limit(maxWaiting + 1)
	if err := db.q(ctx).Table("(?) AS w", waiting).Select("COUNT(*)").Scan(&n).Error; err != nil {
		return Backlog{}, fmt.Errorf("count what waits for endpoint %s: %w", endpointID, err)
	}
	return Backlog{N: min(n, maxWaiting), More: n > maxWaiting}, nil
}
