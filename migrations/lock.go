package migrations

import (
	"context"
	"errors"
	"fmt"
)

// lockKey is any number that nobody else locks.
const lockKey = 5_497_132_680_146_911

// lock lets one node migrate at a time: Tillpost's tables and River's alike.
// Waiting has no limit but the context's, as a migration may take long.
func (t Target) lock(ctx context.Context) (unlock func() error, err error) {
	if t.Pool == nil {
		return func() error { return nil }, nil // one process has the file
	}
	conn, err := t.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("take connection: %w", err)
	}
	// Closing the connection unlocks, and forgets what was set.
	closing := func() error { return conn.Hijack().Close(context.WithoutCancel(ctx)) }
	for _, statement := range []string{
		"SET lock_timeout = 0", "SET statement_timeout = 0", fmt.Sprintf("SELECT pg_advisory_lock(%d)", lockKey),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, errors.Join(err, closing())
		}
	}
	return closing, nil
}
