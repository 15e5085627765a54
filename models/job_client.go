package models

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"
)

// jobClient is what operators do with River's jobs and queues, in GORM's
// transactions.
type jobClient interface {
	list(ctx context.Context, params *river.JobListParams) ([]*rivertype.JobRow, error)
	get(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error)
	retry(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error)
	cancel(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error)
	remove(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error)
	pause(ctx context.Context, tx *gorm.DB, queue string) error
	resume(ctx context.Context, tx *gorm.DB, queue string) error
}

// rivers are River's clients over one database: on SQLite one that writes and
// one that reads, so that a page does not wait for the writer.
type rivers[TTx any] struct {
	write, read *river.Client[TTx]
	own         func(tx *gorm.DB) (TTx, error)
}

var (
	_ jobClient = rivers[pgx.Tx]{}
	_ jobClient = rivers[*sql.Tx]{}
)

func (r rivers[TTx]) list(ctx context.Context, params *river.JobListParams) ([]*rivertype.JobRow, error) {
	found, err := r.read.JobList(ctx, params)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the act
	}
	return found.Jobs, nil
}

func (r rivers[TTx]) get(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error) {
	return inTx(tx, r.own, func(own TTx) (*rivertype.JobRow, error) { return r.write.JobGetTx(ctx, own, id) })
}

func (r rivers[TTx]) retry(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error) {
	return inTx(tx, r.own, func(own TTx) (*rivertype.JobRow, error) { return r.write.JobRetryTx(ctx, own, id) })
}

func (r rivers[TTx]) cancel(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error) {
	return inTx(tx, r.own, func(own TTx) (*rivertype.JobRow, error) { return r.write.JobCancelTx(ctx, own, id) })
}

func (r rivers[TTx]) remove(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error) {
	return inTx(tx, r.own, func(own TTx) (*rivertype.JobRow, error) { return r.write.JobDeleteTx(ctx, own, id) })
}

func (r rivers[TTx]) pause(ctx context.Context, tx *gorm.DB, queue string) error {
	_, err := inTx(tx, r.own, func(own TTx) (struct{}, error) { return struct{}{}, r.write.QueuePauseTx(ctx, own, queue, nil) })
	return err
}

func (r rivers[TTx]) resume(ctx context.Context, tx *gorm.DB, queue string) error {
	_, err := inTx(tx, r.own, func(own TTx) (struct{}, error) { return struct{}{}, r.write.QueueResumeTx(ctx, own, queue, nil) })
	return err
}

// inTx runs fn in the driver's transaction under GORM's.
func inTx[TTx, R any](tx *gorm.DB, own func(*gorm.DB) (TTx, error), fn func(TTx) (R, error)) (R, error) {
	driver, err := own(tx)
	if err != nil {
		var none R
		return none, err
	}
	return fn(driver)
}

func ownPostgres(tx *gorm.DB) (pgx.Tx, error) { //nolint:ireturn // pgx has no other type for it
	shared, ok := tx.Statement.ConnPool.(*sharedTx)
	if !ok {
		return nil, fmt.Errorf("outside a transaction: connection is %T", tx.Statement.ConnPool)
	}
	return shared.pgx, nil
}

func ownSQLite(tx *gorm.DB) (*sql.Tx, error) {
	own, ok := tx.Statement.ConnPool.(*sqliteTx)
	if !ok {
		return nil, fmt.Errorf("outside a transaction: connection is %T", tx.Statement.ConnPool)
	}
	return own.tx, nil
}
