package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A node that falls silent is lost, one that says good-bye is not, and both
// are forgotten a day later.
func TestNodes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		now := start
		db.Now = func() time.Time { return now }
		beat := func(n models.Node) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Beat(n) })
		}
		web := models.Node{ID: models.NewID(models.PrefixNode), Name: "a", Version: "1", Web: true, Connections: 3}
		work := models.Node{ID: models.NewID(models.PrefixNode), Name: "b", Version: "1", Workers: true}
		beat(web)
		beat(work)
		now = start.Add(30 * time.Second)
		web.Connections, web.Streams, web.Goroutines, web.Memory = 7, 2, 40, 1<<33
		web.Locked, web.Backups, web.BackupAt = 2, true, &start
		beat(web)
		nodes := func() []models.Node {
			t.Helper()
			found, err := db.Nodes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		want := []models.Node{work, web}
		for i := range want {
			want[i].StartedAt, want[i].SeenAt = start, start
		}
		want[1].SeenAt = now
		if diff := cmp.Diff(want, nodes()); diff != "" {
			t.Fatalf("nodes (-want +got):\n%s", diff)
		}
		states := func() map[string]string {
			out := map[string]string{}
			for _, n := range nodes() {
				switch {
				case n.Alive(now):
					out[n.Name] = "alive"
				case n.Lost(now):
					out[n.Name] = "lost"
				default:
					out[n.Name] = "stopped"
				}
			}
			return out
		}
		if diff := cmp.Diff(map[string]string{"a": "alive", "b": "alive"}, states()); diff != "" {
			t.Errorf("after 30 s (-want +got):\n%s", diff)
		}
		now = now.Add(20 * time.Second)
		if diff := cmp.Diff(map[string]string{"a": "alive", "b": "lost"}, states()); diff != "" {
			t.Errorf("after 50 s (-want +got):\n%s", diff)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.LeaveNode(web.ID) })
		if diff := cmp.Diff(map[string]string{"a": "stopped", "b": "lost"}, states()); diff != "" {
			t.Errorf("after the good-bye (-want +got):\n%s", diff)
		}
		beat(work) // only the database could not be reached
		if got := states()["b"]; got != "alive" {
			t.Errorf("after its return the node is %s", got)
		}
		now = now.Add(25 * time.Hour)
		if found := nodes(); len(found) != 0 {
			t.Errorf("a day later there are %v", found)
		}
		modelstest.Write(t, db, (*models.Tx).ForgetNodes)
		now = start
		if found := nodes(); len(found) != 0 {
			t.Errorf("not forgotten: %v", found)
		}
	})
}

// Of what several nodes tell of a periodic job the latest run counts, and a
// failure does not hide when it last succeeded.
func TestNoteJobs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		at := func(second int) time.Time { return time.Date(2026, 3, 1, 12, 0, second, 0, time.UTC) }
		first, last := at(10), at(20)
		note := func(runs ...models.PeriodicJob) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteJobs(runs) })
		}
		note()
		note(models.PeriodicJob{Kind: "sweep", NodeID: "a", RanAt: first, TookMS: 5, SucceededAt: &first},
			models.PeriodicJob{Kind: "fold", NodeID: "a", RanAt: first, Error: "no"})
		note(models.PeriodicJob{Kind: "sweep", NodeID: "b", RanAt: at(30), Error: "broken"},
			models.PeriodicJob{Kind: "fold", NodeID: "b", RanAt: last, SucceededAt: &last})
		note(models.PeriodicJob{Kind: "sweep", NodeID: "a", RanAt: last, SucceededAt: &last}) // told late
		got, err := db.PeriodicJobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []models.PeriodicJob{
			{Kind: "fold", NodeID: "b", RanAt: last, SucceededAt: &last},
			{Kind: "sweep", NodeID: "b", RanAt: at(30), SucceededAt: &first, Error: "broken"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("jobs (-want +got):\n%s", diff)
		}
	})
}
