package models

import (
	"context"
	"fmt"
	"time"
)

// ServerTime is the database's clock: on SQLite this machine's own.
func (db *DB) ServerTime(ctx context.Context) (time.Time, error) {
	if db.Dialect == SQLite {
		return time.Now().UTC(), db.Ping(ctx)
	}
	var now time.Time
	if err := db.sql.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		return time.Time{}, fmt.Errorf("database clock: %w", err)
	}
	return now, nil
}
