package models_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

var errBoom = errors.New("boom")

// note is the smallest thing that has a row and a job.
func note(tx *models.Tx, name string) error {
	tx.Enqueue(models.DeliverArgs{DeliveryID: name})
	return tx.Audit(modelstest.Actor(), models.AuditEntry{Action: name})
}

// kept says how many rows and jobs of the name were kept.
func kept(t *testing.T, db *models.DB, name string) [2]int64 {
	t.Helper()
	return [2]int64{
		count(t, db, "audit_entries", "action = ?", name),
		count(t, db, "river_job", "args ->> 'delivery_id' = ?", name),
	}
}

func TestWriteKeepsRowAndJobOrNeither(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		type outcome struct {
			name string
			run  func(ctx context.Context, tx *models.Tx) error
			want [2]int64
		}
		// PostgreSQL takes nothing more after a failed statement, SQLite undoes it alone.
		afterFailure := map[models.Dialect][2]int64{models.SQLite: {1, 1}, models.Postgres: {}}[db.Dialect]
		for _, o := range []outcome{
			{"commit", func(context.Context, *models.Tx) error { return nil }, [2]int64{1, 1}},
			{"rollback", func(context.Context, *models.Tx) error { return errBoom }, [2]int64{}},
			{"panic", func(context.Context, *models.Tx) error { panic(errBoom) }, [2]int64{}},
			{"failed statement that is ignored", func(_ context.Context, tx *models.Tx) error {
				_ = tx.Gorm().Exec("INSERT INTO no_such_table VALUES (1)").Error // fails, as it should
				return nil
			}, afterFailure},
			{"inner savepoint undone", func(_ context.Context, tx *models.Tx) error {
				err := tx.Gorm().Transaction(func(inner *gorm.DB) error {
					if err := inner.Exec("UPDATE audit_entries SET action = 'lost'").Error; err != nil {
						return err
					}
					return errBoom
				})
				if !errors.Is(err, errBoom) {
					return err
				}
				return nil
			}, [2]int64{1, 1}},
			{"inner savepoint after a failed statement", func(_ context.Context, tx *models.Tx) error {
				_ = tx.Gorm().Transaction(func(inner *gorm.DB) error { // fails, as it should
					return inner.Exec("INSERT INTO no_such_table VALUES (1)").Error
				})
				return nil
			}, [2]int64{1, 1}},
		} {
			func() {
				defer func() { _ = recover() }() // only one of them panics, and its rows tell
				err := db.Write(t.Context(), func(tx *models.Tx) error {
					if err := note(tx, o.name); err != nil {
						return err
					}
					return o.run(t.Context(), tx)
				})
				if (err == nil) != (o.want != [2]int64{}) {
					t.Errorf("%s: error is %v", o.name, err)
				}
			}()
			if got := kept(t, db, o.name); got != o.want {
				t.Errorf("%s: kept %v rows and jobs, want %v", o.name, got, o.want)
			}
		}
	})
}

func TestWriteOnACancelledContext(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx *models.Tx) error {
			defer cancel()
			return note(tx, "cancelled")
		})
		if !errors.Is(err, context.Canceled) || errors.Is(err, models.ErrCommitUnknown) {
			t.Errorf("cancelled before the commit: %v", err)
		}
		for range 20 {
			if err := writeCutShort(t, db); err == nil || errors.Is(err, models.ErrCommitUnknown) {
				t.Errorf("cancelled between two statements: %v", err)
			}
		}
		ctx, cancel = context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		slow := "SELECT pg_sleep(20)"
		if db.Dialect == models.SQLite {
			slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
		}
		start := time.Now()
		err = db.Write(ctx, func(tx *models.Tx) error {
			if err := note(tx, "late"); err != nil {
				return err
			}
			return tx.Gorm().Exec(slow).Error
		})
		if err == nil || time.Since(start) > 10*time.Second {
			t.Errorf("a statement past the deadline ended after %v with %v", time.Since(start), err)
		}
		if n := count(t, db, "audit_entries"); n != 0 {
			t.Errorf("%d rows were kept", n)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return note(tx, "after") })
	})
}

// writeCutShort has a statement that is not sent any more, which costs the
// transaction its connection.
func writeCutShort(t *testing.T, db *models.DB) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return db.Write(ctx, func(tx *models.Tx) error {
		if err := note(tx, "cancelled"); err != nil {
			return err
		}
		cancel()
		return note(tx, "not sent")
	})
}

func TestWriteByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		const workers, each = 50, 4
		var (
			wg         sync.WaitGroup
			good       atomic.Int64
			unexpected atomic.Int64
		)
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					name, want := "kept", error(nil)
					if (w+i)%3 == 1 {
						name, want = "undone", errBoom
					}
					ctx, cancel := context.WithCancel(t.Context())
					stopped := (w+i)%3 == 2
					if stopped {
						name = "stopped"
					}
					err := db.Write(ctx, func(tx *models.Tx) error {
						if err := note(tx, name); err != nil {
							return err
						}
						if stopped {
							cancel()
						}
						return want
					})
					cancel()
					switch {
					case stopped && errors.Is(err, context.Canceled), want != nil && errors.Is(err, want):
					case !stopped && want == nil && err == nil:
						good.Add(1)
					default:
						unexpected.Add(1)
						t.Errorf("%s: %v", name, err)
					}
				}
			})
		}
		wg.Wait()
		if got := kept(t, db, "kept"); got != [2]int64{good.Load(), good.Load()} || unexpected.Load() > 0 {
			t.Errorf("%d transactions succeeded, kept %v rows and jobs", good.Load(), got)
		}
		for _, name := range []string{"undone", "stopped"} {
			if got := kept(t, db, name); got != [2]int64{} {
				t.Errorf("%s: kept %v rows and jobs", name, got)
			}
		}
		if n := db.SQL().Stats().InUse; n != 0 {
			t.Errorf("%d connections are still in use", n)
		}
		if db.Dialect == models.Postgres {
			if n := count(t, db, "pg_stat_activity", "datname = current_database() AND state LIKE 'idle in transaction%'"); n != 0 {
				t.Errorf("%d backends are idle in a transaction", n)
			}
		}
	})
}

func TestWriteTellsHintsAfterTheCommitOnly(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var told []models.Hint
		db.OnCommit = func(hints []models.Hint) { told = append(told, hints...) }
		_ = db.Write(t.Context(), func(tx *models.Tx) error { // fails, as it should
			tx.Announce(models.Hint{Topic: "order", ID: "lost"})
			return errBoom
		})
		runs := 0
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Announce(models.Hint{Topic: "order", ID: "kept"})
			runs++
			if runs < 3 {
				return models.ErrRaced
			}
			return nil
		})
		if len(told) != 1 || told[0].ID != "kept" || runs != 3 {
			t.Errorf("after %d runs told %v", runs, told)
		}
	})
}

func TestWriteGivesUpOnARowThatNeverRests(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	runs := 0
	err := db.Write(t.Context(), func(*models.Tx) error {
		runs++
		return models.ErrRaced
	})
	var refused *models.Error
	if !errors.As(err, &refused) || refused.Kind != models.KindConflict || runs != 8 {
		t.Errorf("after %d runs: %v", runs, err)
	}
}
