package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// sqlitePool is the connection pool that GORM gets on SQLite.
type sqlitePool struct {
	cleanPool

	db *sql.DB
}

func newSQLitePool(db *sql.DB) sqlitePool { return sqlitePool{cleanPool{db}, db} }

var (
	_ gorm.ConnPoolBeginner = sqlitePool{}
	_ gorm.GetDBConnector   = sqlitePool{}
	_ gorm.TxCommitter      = (*sqliteTx)(nil)
)

// GetDBConn keeps gorm's DB() working.
func (p sqlitePool) GetDBConn() (*sql.DB, error) { return p.db, nil }

// BeginTx starts a transaction, immediate unless it is read-only.
func (p sqlitePool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take connection: %w", err)
	}
	tx, err := conn.BeginTx(ctx, opts)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &sqliteTx{cleanPool: cleanPool{tx}, conn: conn, tx: tx}, nil
}

// sqliteTx is one transaction. It keeps its connection, because SQLite leaves a
// transaction open when COMMIT fails: on the one connection that writes, the
// next transaction would fail, and all after it.
type sqliteTx struct {
	cleanPool

	conn *sql.Conn
	tx   *sql.Tx
}

// Commit ends the transaction or, when that fails, undoes it.
func (t *sqliteTx) Commit() error {
	err := t.tx.Commit()
	if err == nil {
		_ = t.conn.Close() // committed, whatever becomes of the connection
		return nil
	}
	// Fails when SQLite has undone it already, which is as good.
	_, undo := t.conn.ExecContext(context.Background(), "ROLLBACK")
	if closing := t.conn.Close(); closing != nil && !errors.Is(closing, sql.ErrConnDone) {
		err = errors.Join(err, closing)
	}
	if undo != nil && sqliteCode(err) == sqliteIOErr {
		return err // written or not: nobody knows
	}
	return notCommittedError{err}
}

// Rollback undoes the transaction.
func (t *sqliteTx) Rollback() error {
	err := t.tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) {
		err = nil // the end of its context did that
	}
	if closing := t.conn.Close(); closing != nil && !errors.Is(closing, sql.ErrConnDone) {
		err = errors.Join(err, fmt.Errorf("release connection: %w", closing))
	}
	return err
}
