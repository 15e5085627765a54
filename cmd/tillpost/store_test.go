package main

import (
	"testing"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Whoever was killed between Tillpost's migrations and River's left a database
// that takes orders and no jobs: the embedded one is completed, on PostgreSQL,
// which is the operator's, starting is refused.
func TestDatabaseWithoutJobTables(t *testing.T) {
	t.Parallel()
	down := &rivermigrate.MigrateOpts{TargetVersion: -1}
	t.Run("the embedded one is completed", func(t *testing.T) {
		t.Parallel()
		c := &Config{DatabaseURL: modelstest.SQLiteURL(t), Data: t.TempDir()}
		db, err := openStore(t.Context(), c, making)
		if err != nil {
			t.Fatal(err)
		}
		migrator, err := rivermigrate.New(riversqlite.New(db.SQL()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionDown, down); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = openStore(t.Context(), c, making); err != nil {
			t.Fatal(err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Enqueue(models.PruneArgs{})
			return nil
		})
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("on PostgreSQL it is refused and not ready", func(t *testing.T) {
		t.Parallel()
		c := &Config{DatabaseURL: modelstest.PostgresURL(t)}
		db, err := openStore(t.Context(), c, making)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		node := &app{db: db}
		if current, err := node.schemaCurrent(t.Context()); err != nil || !current {
			t.Errorf("before: schema is current %v, %v", current, err)
		}
		migrator, err := rivermigrate.New(riverpgxv5.New(db.Pool()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionDown, down); err != nil {
			t.Fatal(err)
		}
		if current, err := node.schemaCurrent(t.Context()); err != nil || current {
			t.Errorf("/readyz says that the schema is current: %v, %v", current, err)
		}
		if _, err := openStore(t.Context(), c, making); err == nil {
			t.Error("the database was opened")
		}
	})
}
