package models_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func pgError(code string) error {
	return fmt.Errorf("update orders: %w", &pgconn.PgError{Code: code})
}

func TestRetryWait(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		err   error
		tries int // how often it is run altogether
	}{
		{"serialization failure", pgError("40001"), 8},
		{"deadlock", pgError("40P01"), 8},
		{"lock time-out", pgError("55P03"), 8},
		{"row moved", models.ErrRaced, 8},
		{"server shuts down", pgError("57P01"), 6},
		{"server starts", pgError("57P03"), 6},
		{"too many connections", pgError("53300"), 6},
		{"connection failure", pgError("08006"), 6},
		{"not to be reached", &pgconn.ConnectError{}, 6},
		{"reset", fmt.Errorf("begin: %w", &net.OpError{Op: "read", Err: io.EOF}), 6},
		{"half an answer", io.ErrUnexpectedEOF, 6},
		{"bad connection", driver.ErrBadConn, 6},
		{"unique key", pgError("23505"), 1},
		{"disk full", pgError("53100"), 1},
		{"statement time-out", pgError("57014"), 1},
		{"cancelled", context.Canceled, 1},
		{"deadline in the network", fmt.Errorf("%w: %w", context.DeadlineExceeded, &net.OpError{Op: "read", Err: io.EOF}), 1},
		{"commit of unknown outcome", models.CommitError(io.ErrUnexpectedEOF), 1},
		{"refusal", models.Conflict("payment_status", "paid"), 1},
	} {
		tries, total := 1, time.Duration(0)
		for ; ; tries++ {
			wait, again := models.RetryWait(tt.err, tries)
			if !again {
				break
			}
			total += wait
		}
		if tries != tt.tries || total > 5*time.Second {
			t.Errorf("%s: run %d times over %v, want %d times", tt.name, tries, total, tt.tries)
		}
	}
}

func TestCommitError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		err     error
		unknown bool
	}{
		{"connection lost", io.ErrUnexpectedEOF, true},
		{"time-out", context.DeadlineExceeded, true},
		{"server shut down while it waited for its standby", &pgconn.PgError{Code: "57P01"}, true},
		{"rolled back because a statement had failed", pgx.ErrTxCommitRollback, false},
		{"serialization failure", &pgconn.PgError{Code: "40001"}, false},
		{"deferred constraint", &pgconn.PgError{Code: "23503"}, false},
	} {
		if got := errors.Is(models.CommitError(tt.err), models.ErrCommitUnknown); got != tt.unknown {
			t.Errorf("%s: unknown = %v, want %v", tt.name, got, tt.unknown)
		}
	}
}

// SQLite leaves a transaction open when its COMMIT fails.
func TestWriteAfterARefusedCommit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		if db.Dialect == models.Postgres {
			execute(t, db, "ALTER TABLE users ALTER CONSTRAINT users_merchant_id_fkey DEFERRABLE INITIALLY DEFERRED")
		}
		runs := 0
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			runs++
			if db.Dialect == models.SQLite {
				if err := tx.Gorm().Exec("PRAGMA defer_foreign_keys = ON").Error; err != nil {
					return err
				}
			}
			nobody := "mer_nobody"
			return tx.Gorm().Create(&models.User{ID: "usr_1", MerchantID: &nobody, Email: "a@b.example", Role: models.RoleMerchant}).Error
		})
		if err == nil || errors.Is(err, models.ErrCommitUnknown) || runs != 1 {
			t.Errorf("after %d runs: %v, want a refusal after one", runs, err)
		}
		modelstest.Merchant(t, db)
		if n := count(t, db, "users"); n != 0 {
			t.Errorf("%d users were kept", n)
		}
	})
}

// terminate ends the backend of the transaction from outside.
func terminate(ctx context.Context, db *models.DB, tx *models.Tx) error {
	var pid int
	if err := tx.Gorm().Raw("SELECT pg_backend_pid()").Scan(&pid).Error; err != nil {
		return err
	}
	return db.Reads(ctx).Exec("SELECT pg_terminate_backend(?)", pid).Error
}

func TestWriteRunsAgainWhenItsConnectionBreaks(t *testing.T) {
	t.Parallel()
	db := modelstest.Postgres(t)
	runs := 0
	modelstest.Write(t, db, func(tx *models.Tx) error {
		if err := note(tx, "once"); err != nil {
			return err
		}
		runs++
		if runs == 1 {
			if err := terminate(t.Context(), db, tx); err != nil {
				return err
			}
		}
		return tx.Gorm().Exec("SELECT 1").Error
	})
	if got := kept(t, db, "once"); got != [2]int64{1, 1} || runs != 2 {
		t.Errorf("after %d runs kept %v rows and jobs", runs, got)
	}
}

func TestWriteDoesNotRepeatACommitOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	db := modelstest.Postgres(t)
	execute(t, db, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`)
	execute(t, db, `CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON audit_entries
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()`)
	runs := 0
	err := db.Write(t.Context(), func(tx *models.Tx) error {
		runs++
		return note(tx, "who knows")
	})
	if !errors.Is(err, models.ErrCommitUnknown) || models.Unavailable(err) || runs != 1 {
		t.Errorf("after %d runs: %v", runs, err)
	}
	modelstest.Merchant(t, db)
}
