package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// sharedPool is the connection pool that GORM gets on PostgreSQL. Its
// transactions carry a pgx.Tx, so that GORM's rows and River's jobs commit
// together on one connection.
type sharedPool struct {
	cleanPool

	db *sql.DB
}

func newSharedPool(db *sql.DB) sharedPool { return sharedPool{cleanPool{db}, db} }

var (
	_ gorm.ConnPoolBeginner = sharedPool{}
	_ gorm.GetDBConnector   = sharedPool{}
	_ gorm.TxCommitter      = (*sharedTx)(nil)
)

// GetDBConn keeps gorm's DB() working.
func (p sharedPool) GetDBConn() (*sql.DB, error) { return p.db, nil }

// BeginTx starts a transaction: read committed for writing, repeatable read
// when it is read-only.
func (p sharedPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	var options pgx.TxOptions
	if opts != nil && opts.ReadOnly {
		options = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take connection: %w", err)
	}
	var tx pgx.Tx
	err = conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("driver connection is %T, want *stdlib.Conn", driverConn)
		}
		if tx, err = c.Conn().BeginTx(ctx, options); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &sharedTx{cleanPool: cleanPool{conn}, conn: conn, pgx: tx, ctx: ctx}, nil
}

// sharedTx is one transaction on one connection. It must not embed *sql.Conn:
// the promoted BeginTx would make GORM open and commit a second transaction
// inside, which loses rollbacks silently.
type sharedTx struct {
	cleanPool // forwards four methods to conn

	conn *sql.Conn
	pgx  pgx.Tx
	ctx  context.Context //nolint:containedctx // the transaction's own, as in database/sql
	mu   sync.Mutex
	done bool
}

// Commit ends the transaction; like database/sql it refuses on a cancelled context.
func (t *sharedTx) Commit() error {
	if err := t.ctx.Err(); err != nil {
		return notCommittedError{errors.Join(err, t.Rollback())}
	}
	return t.finish(t.pgx.Commit)
}

// Rollback undoes the transaction.
func (t *sharedTx) Rollback() error {
	err := t.finish(t.pgx.Rollback)
	if errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

func (t *sharedTx) finish(end func(context.Context) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return sql.ErrTxDone
	}
	t.done = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 15*time.Second)
	defer cancel()
	var err error
	// A connection that is not idle is marked bad, so that the pool drops it.
	bad := t.conn.Raw(func(driverConn any) error {
		err = end(ctx)
		c, ok := driverConn.(*stdlib.Conn)
		if !ok || c.Conn().IsClosed() || c.Conn().PgConn().TxStatus() != 'I' {
			return driver.ErrBadConn
		}
		return nil
	})
	if errors.Is(bad, sql.ErrConnDone) { // dropped after a statement that could not be sent, and being closed: nothing may use it
		return notCommittedError{bad}
	}
	closing := t.conn.Close()
	if errors.Is(bad, driver.ErrBadConn) || errors.Is(closing, sql.ErrConnDone) {
		return err
	}
	return errors.Join(err, closing)
}
