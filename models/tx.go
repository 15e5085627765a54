package models

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"gorm.io/gorm"
)

// Tx is one write transaction. It makes no network call and uses no other
// handle on the database: on SQLite that would wait for itself.
type Tx struct {
	ctx   context.Context //nolint:containedctx // a Tx lives inside one call of Write
	db    *DB
	g     *gorm.DB
	now   time.Time
	jobs  []river.InsertManyParams
	hints []Hint
}

// tries is how often a transaction is run that the database asked to run again.
const tries = 4

// Write runs fn in a transaction and commits when it returns nil. fn may run
// more than once: it must have no effect outside the transaction.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		hints, err := db.writeOnce(ctx, fn)
		if err == nil {
			if len(hints) > 0 {
				db.OnCommit(hints)
			}
			return nil
		}
		if try == tries || !retryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * time.Duration(5+rand.IntN(20)) * time.Millisecond):
		}
	}
}

func (db *DB) writeOnce(ctx context.Context, fn func(tx *Tx) error) ([]Hint, error) {
	t := &Tx{ctx: ctx, db: db, now: db.Now()}
	err := db.write.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		t.g = g
		if err := fn(t); err != nil {
			return err
		}
		if len(t.jobs) == 0 {
			return nil
		}
		if err := db.insert.insertJobs(ctx, g, t.jobs); err != nil {
			return fmt.Errorf("enqueue: %w", err)
		}
		return nil
	})
	return t.hints, err
}

// Now is the time of the whole transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Enqueue adds a job that is run if and only if the transaction commits.
func (tx *Tx) Enqueue(args river.JobArgs) { tx.EnqueueAt(args, time.Time{}) }

// EnqueueAt is Enqueue for a job that must not start before at.
func (tx *Tx) EnqueueAt(args river.JobArgs, at time.Time) {
	params := river.InsertManyParams{Args: args}
	if !at.IsZero() {
		params.InsertOpts = &river.InsertOpts{ScheduledAt: at}
	}
	tx.jobs = append(tx.jobs, params)
}

// Announce tells live pages after commit.
func (tx *Tx) Announce(hint Hint) { tx.hints = append(tx.hints, hint) }

// q starts a statement inside the transaction.
func (tx *Tx) q() *gorm.DB { return tx.g.WithContext(tx.ctx) }

// update runs a guarded update of table and says whether a row matched.
func (tx *Tx) update(table string, set map[string]any, where string, args ...any) (bool, error) {
	res := tx.q().Table(table).Where(where, args...).Updates(set)
	if res.Error != nil {
		return false, fmt.Errorf("update %s: %w", table, res.Error)
	}
	return res.RowsAffected > 0, nil
}

func (tx *Tx) create(row any) error {
	if err := tx.q().Create(row).Error; err != nil {
		return fmt.Errorf("insert %T: %w", row, err)
	}
	return nil
}

// retryable says whether running the transaction again may succeed: another
// one was in the way, and nothing of this one was kept.
func retryable(err error) bool {
	if errors.Is(err, errRaced) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return false
}
