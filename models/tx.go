package models

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"
)

// Tx is one write transaction. It makes no network call and uses no other
// handle on the database: on SQLite that would wait for itself.
type Tx struct {
	ctx context.Context //nolint:containedctx // a Tx lives inside one call of Write
	db  *DB
	g   *gorm.DB
	now time.Time

	jobs     []river.InsertManyParams
	hints    []Hint
	figures  sums
	transits transits
	gateways gatewayTally
}

// Write runs fn in a transaction and commits when it returns nil. fn may run
// more than once, since a transaction that another one got in the way of, or
// whose connection broke before it was committed, is run again: it must have no
// effect outside the transaction, and sets what it hands out anew in each run.
//
// An error that is ErrCommitUnknown leaves open whether the transaction was
// committed; every other error means that nothing of it was kept.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	db.clock.keep(ctx, db)
	for try := 1; ; try++ {
		hints, err := db.writeOnce(ctx, fn)
		if err == nil {
			if len(hints) > 0 {
				db.OnCommit(hints)
			}
			return nil
		}
		wait, again := retryWait(err, try)
		if !again || !pause(ctx, wait) {
			return settledError(err)
		}
	}
}

func (db *DB) writeOnce(ctx context.Context, fn func(tx *Tx) error) ([]Hint, error) {
	g := db.write.WithContext(ctx).Begin()
	if g.Error != nil {
		return nil, fmt.Errorf("begin: %w", g.Error)
	}
	open := true
	defer func() {
		if open { // fn failed or panicked; an error of the rollback adds nothing to that
			g.Rollback()
		}
	}()
	t := &Tx{ctx: ctx, db: db, g: g, now: db.Now(), figures: sums{}, transits: transits{}, gateways: gatewayTally{}}
	if err := fn(t); err != nil {
		return nil, err
	}
	if err := t.flush(); err != nil {
		return nil, err
	}
	open = false
	if err := g.Commit().Error; err != nil {
		return nil, commitError(err)
	}
	return t.hints, nil
}

// flush writes what the transaction gathered: its counted changes and its jobs.
func (tx *Tx) flush() error {
	if err := tx.writeFigures(); err != nil {
		return err
	}
	if err := tx.writeTransits(); err != nil {
		return err
	}
	if err := tx.writeGateways(); err != nil {
		return err
	}
	if len(tx.jobs) == 0 {
		return nil
	}
	if err := tx.nameOrigin(); err != nil {
		return err
	}
	if err := tx.db.insert.insertJobs(tx.ctx, tx.g, tx.jobs); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}

// nameOrigin notes on the jobs what they come from.
func (tx *Tx) nameOrigin() error {
	origin := tx.db.Origin(tx.ctx)
	if origin == (Origin{}) {
		return nil
	}
	metadata, err := json.Marshal(origin)
	if err != nil {
		return fmt.Errorf("origin of jobs: %w", err)
	}
	for i := range tx.jobs {
		if tx.jobs[i].InsertOpts == nil {
			tx.jobs[i].InsertOpts = &river.InsertOpts{}
		}
		tx.jobs[i].InsertOpts.Metadata = metadata
	}
	return nil
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

// differing names the columns in which two versions of a row differ.
func (tx *Tx) differing(before, after any) (columns []any, err error) {
	stmt := gorm.Statement{DB: tx.g}
	if err := stmt.Parse(after); err != nil {
		return nil, fmt.Errorf("compare rows: %w", err)
	}
	old, current := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for _, f := range stmt.Schema.Fields {
		was, _ := f.ValueOf(tx.ctx, old)
		is, _ := f.ValueOf(tx.ctx, current)
		if f.DBName != "" && !reflect.DeepEqual(was, is) {
			columns = append(columns, f.DBName)
		}
	}
	return columns, nil
}

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
