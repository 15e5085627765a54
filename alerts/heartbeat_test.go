package alerts

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// The heartbeat comes each minute over all nodes while rules are evaluated and
// somebody works, and stays away when nobody does.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var beats atomic.Int64
		status := http.StatusOK
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			beats.Add(1)
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		b := newBench(t, db, Options{HeartbeatURL: server.URL + "/ping/secret"})
		lead := func(until time.Duration) {
			var expires any = time.Now().UTC().Add(until)
			if db.Dialect == models.SQLite {
				expires = time.Now().UTC().Add(until).Format("2006-01-02 15:04:05.999")
			}
			_, err := db.SQL().ExecContext(t.Context(), "INSERT INTO river_leader (elected_at, expires_at, leader_id, name) "+
				"VALUES ($1, $1, 'node', 'default') ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at", expires)
			if err != nil {
				t.Fatal(err)
			}
		}
		evaluate := func(want int64) {
			t.Helper()
			if err := b.Evaluate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := beats.Load(); got != want {
				t.Errorf("%d beats at %v, want %d", got, b.now, want)
			}
		}
		evaluate(0) // nobody works
		lead(time.Hour)
		b.after(10 * time.Second)
		evaluate(1)
		b.after(10 * time.Second)
		evaluate(1)
		b.after(time.Minute)
		status = http.StatusInternalServerError // whoever listens is in trouble: that is not ours
		evaluate(2)
		lead(-time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error { // that nobody is told of it does not make anybody work
			for _, kind := range []string{WorkersStopped, WorkersStalled} {
				if err := tx.PutAlertRule(models.AlertRule{Kind: kind, Severity: models.SeverityCritical, Limits: map[string]int64{}}); err != nil {
					return err
				}
			}
			return nil
		})
		b.after(2 * time.Minute)
		evaluate(2)
		lead(time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error { // nor that it is told of late
			if err := tx.PutAlertRule(models.AlertRule{
				Kind: WorkersStalled, Enabled: true, Severity: models.SeverityCritical, Limits: map[string]int64{"age": 30 * day},
			}); err != nil {
				return err
			}
			return tx.Beat(models.Node{ID: "idle", Workers: true})
		})
		b.after(10 * time.Minute)
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.Beat(models.Node{ID: "idle", Workers: true}) })
		evaluate(2)
	})
}

// A node takes its turn when it has come, and none in between.
func TestTurns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		turns := func() (n int64) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				turn, ours, err := tx.ClaimAlertTurn("other", 0)
				if !ours {
					t.Error("a turn that is always due is nobody's")
				}
				n = turn
				return err
			})
			return n
		}
		first := turns()
		for range 5 {
			if err := b.Evaluate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := turns(); got != first+1 {
			t.Errorf("%d turns were taken before one was due", got-first-1)
		}
		b.after(time.Minute)
		if err := b.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := turns(); got != first+3 {
			t.Errorf("%d turns were taken when one was due", got-first-2)
		}
	})
}
