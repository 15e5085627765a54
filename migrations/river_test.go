package migrations_test

import (
	"context"
	"testing"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// dropJobs takes River's tables away, as if whoever migrated had been killed
// before it came to them.
func dropJobs(t *testing.T, db *models.DB) {
	t.Helper()
	var migrator interface {
		Migrate(ctx context.Context, direction rivermigrate.Direction, opts *rivermigrate.MigrateOpts) (*rivermigrate.MigrateResult, error)
	}
	var err error
	if db.Dialect == models.Postgres {
		migrator, err = rivermigrate.New(riverpgxv5.New(db.Pool()), nil)
	} else {
		migrator, err = rivermigrate.New(riversqlite.New(db.SQL()), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: -1}); err != nil {
		t.Fatal(err)
	}
}

func TestMissingJobTablesArePending(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		target := migrations.Target{SQL: db.SQL(), Pool: db.Pool()}
		dropJobs(t, db)
		status, err := migrations.Read(t.Context(), target)
		if err != nil || !status.Pending() || !status.JobsPending || status.Newer() || status.Current != status.Latest {
			t.Errorf("without the job queue's tables the database is %+v, %v", status, err)
		}
		if err := migrations.Up(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		if status, err := migrations.Read(t.Context(), target); err != nil || status.Pending() {
			t.Errorf("afterwards it is %+v, %v", status, err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Enqueue(models.PruneArgs{})
			return nil
		})
	})
}
