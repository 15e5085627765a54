package models_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// later is River's clock in a test.
type later struct{ now time.Time }

func (l *later) Now() time.Time { return l.now }

func (l *later) NowOrNil() *time.Time { return &l.now }

// Periodic jobs wait for the run before, however long it takes, and for no
// other: neither one that is over nor one of another kind.
func TestUpkeepRunsOneAtATime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := &later{time.Now()}
		config := &river.Config{Test: river.TestConfig{Time: clock}}
		var insert func(args river.JobArgs) error
		if db.Dialect == models.Postgres {
			client, err := river.NewClient[pgx.Tx](riverpgxv5.New(db.Pool()), config)
			if err != nil {
				t.Fatal(err)
			}
			insert = func(args river.JobArgs) error {
				_, err := client.Insert(t.Context(), args, nil)
				return err
			}
		} else {
			client, err := river.NewClient[*sql.Tx](riversqlite.New(db.SQL()), config)
			if err != nil {
				t.Fatal(err)
			}
			insert = func(args river.JobArgs) error {
				_, err := client.Insert(t.Context(), args, nil)
				return err
			}
		}
		for _, args := range []river.JobArgs{
			models.FoldStatsArgs{}, models.RescueArgs{}, models.RescueDeliveriesArgs{}, models.RescueReplaysArgs{}, models.SweepArgs{}, models.PruneArgs{},
		} {
			for _, step := range []struct {
				state string // of all jobs of the kind, before another period begins
				want  int64
			}{
				{"available", 1}, {"available", 1}, {"running", 1},
				{"completed", 2}, {"running", 2}, {"discarded", 3}, {"cancelled", 4},
			} {
				finished := "NULL"
				if step.state != "available" && step.state != "running" {
					finished = "CURRENT_TIMESTAMP"
				}
				execute(t, db, "UPDATE river_job SET state = '"+step.state+"', finalized_at = "+finished+
					" WHERE kind = ? AND state IN ('available', 'running')", args.Kind())
				clock.now = clock.now.Add(time.Minute)
				if err := insert(args); err != nil {
					t.Fatal(err)
				}
				if n := count(t, db, "river_job", "kind = ?", args.Kind()); n != step.want {
					t.Errorf("%s: %d jobs after one that is %s, want %d", args.Kind(), n, step.state, step.want)
				}
			}
		}
	})
}
