package models_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// fail makes a job of the queue one that failed.
func fail(t *testing.T, db *models.DB, queue, state string) int64 {
	t.Helper()
	errs, finalized := `ARRAY['{"at":"2026-03-01T12:00:00Z","attempt":1,"error":"first","trace":""}', '{"at":"2026-03-01T12:05:00Z","attempt":2,"error":"carrier is away","trace":"x"}']::jsonb[]`, "NULL"
	if db.Dialect == models.SQLite {
		errs = `jsonb('[{"at":"2026-03-01T12:00:00Z","attempt":1,"error":"first","trace":""},{"at":"2026-03-01T12:05:00Z","attempt":2,"error":"carrier is away","trace":"x"}]')`
	}
	if state == models.JobDiscarded {
		finalized = "CURRENT_TIMESTAMP"
	}
	var id int64
	row := db.SQL().QueryRowContext(t.Context(), "SELECT MAX(id) FROM river_job WHERE queue = '"+queue+"'")
	if err := row.Scan(&id); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "UPDATE river_job SET state = '"+state+"', attempt = 2, errors = "+errs+
		", finalized_at = "+finalized+" WHERE queue = '"+queue+"'"); err != nil {
		t.Fatal(err)
	}
	return id
}

// An operator sees which jobs fail and why, has them tried again, gives them up
// or takes them off the list, each only where it means something.
func TestJobDesk(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Enqueue(models.PollArgs{AccountID: "cra_1", ShipmentIDs: []string{"shp_1"}})
			tx.Enqueue(models.DeliverArgs{DeliveryID: "dlv_1"})
			tx.Enqueue(models.ChargeArgs{AttemptID: "att_1"})
			return nil
		})
		retrying := fail(t, db, models.QueueCarrier, models.JobRetryable)
		discarded := fail(t, db, models.QueueNotify, models.JobDiscarded)
		failing, err := db.FailingJobs(t.Context())
		if err != nil || len(failing) != 2 {
			t.Fatalf("failing: %+v, %v", failing, err)
		}
		for _, j := range failing {
			if j.Attempt != 2 || len(j.Errors) != 2 || j.Errors[0].Text != "carrier is away" || j.Errors[0].Attempt != 2 {
				t.Errorf("job %+v", j)
			}
		}
		do := func(act func(*models.Tx, int64) (*models.Job, error), id int64) (string, error) {
			state := ""
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				j, err := act(tx, id)
				if j != nil {
					state = j.State
				}
				return err
			})
			return state, err
		}
		refused := func(act func(*models.Tx, int64) (*models.Job, error), id int64, want string) {
			t.Helper()
			var e *models.Error
			_, err := do(act, id)
			if errors.Is(err, models.ErrNotFound) && want == "not_found" {
				return
			}
			if !errors.As(err, &e) || e.Code != want {
				t.Errorf("refused with %v, want %s", err, want)
			}
		}
		refused((*models.Tx).DeleteJob, retrying, "job_changed")
		if state, err := do((*models.Tx).RetryJob, retrying); err != nil || state != models.JobAvailable {
			t.Errorf("after the retry the job is %s, %v", state, err)
		}
		refused((*models.Tx).RetryJob, retrying, "job_changed")
		if state, err := do((*models.Tx).CancelJob, retrying); err != nil || state != models.JobCanceled {
			t.Errorf("after it was given up the job is %s, %v", state, err)
		}
		if _, err := do((*models.Tx).DeleteJob, discarded); err != nil {
			t.Error(err)
		}
		refused((*models.Tx).RetryJob, discarded, "not_found")
		if _, err := db.Job(t.Context(), discarded); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("deleted, yet found: %v", err)
		}
	})
}

// A transaction that fails leaves the job as it was.
func TestJobDeskIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Enqueue(models.DeliverArgs{DeliveryID: "dlv_1"})
			return nil
		})
		id := fail(t, db, models.QueueNotify, models.JobDiscarded)
		broken := errors.New("broken")
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			if _, err := tx.DeleteJob(id); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if j, err := db.Job(t.Context(), id); err != nil || j.State != models.JobDiscarded || j.Args == "" {
			t.Errorf("job %+v, %v", j, err)
		}
	})
}

// Queues tell what waits, and whether they are paused.
func TestQueueStates(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		modelstest.Write(t, db, func(tx *models.Tx) error {
			tx.Enqueue(models.ChargeArgs{AttemptID: "att_1"})
			tx.EnqueueAt(models.ChargeArgs{AttemptID: "att_2"}, tx.Now().Add(time.Hour))
			return nil
		})
		if _, err := db.SQL().ExecContext(t.Context(), "INSERT INTO river_queue (name, updated_at) VALUES ('money', CURRENT_TIMESTAMP)"); err != nil {
			t.Fatal(err)
		}
		money := func() models.QueueState {
			t.Helper()
			states, err := db.QueueStates(t.Context())
			if err != nil || len(states) != 5 || states[0].Name != models.QueueMoney {
				t.Fatalf("states %+v, %v", states, err)
			}
			states[0].Oldest = 0 // however long this takes
			return states[0]
		}
		if diff := cmp.Diff(models.QueueState{Name: "money", Waiting: 1, Later: 1}, money()); diff != "" {
			t.Errorf("queue (-want +got):\n%s", diff)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.PauseQueue(models.QueueMoney) })
		if money().PausedAt == nil {
			t.Error("not paused")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.ResumeQueue(models.QueueMoney) })
		if money().PausedAt != nil {
			t.Error("not resumed")
		}
		for queue, want := range map[string]string{"unknown": "not_found", models.QueueMail: "queue_unused"} {
			err := db.Write(t.Context(), func(tx *models.Tx) error { return tx.PauseQueue(queue) })
			if err == nil || err.Error() != want {
				t.Errorf("queue %s: %v", queue, err)
			}
		}
		out, err := db.OutboxState(t.Context())
		if err != nil || out != (models.OutboxState{}) {
			t.Errorf("outbox %+v, %v", out, err)
		}
		e := newEndpoint(t, db, modelstest.Merchant(t, db).ID)
		id := newDelivery(t, db, e)
		execute(t, db, "UPDATE webhook_endpoints SET paused_at = ? WHERE id = ?", db.Now(), e.ID)
		execute(t, db, "UPDATE deliveries SET next_attempt_at = ? WHERE id = ?", db.Now().Add(-time.Hour), id)
		out, err = db.OutboxState(t.Context())
		if err != nil || out.Waiting != 1 || out.Oldest.Round(time.Minute) != time.Hour || out.Late != 0 {
			t.Errorf("one that waits at a paused endpoint: %+v, %v", out, err)
		}
	})
}

func TestDatabaseState(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, err := db.DatabaseState(t.Context())
		if err != nil || s.Dialect != db.Dialect || s.Version == "" || s.Size == 0 || s.Checkpoint.IsZero() {
			t.Errorf("state %+v, %v", s, err)
		}
		if db.Dialect == models.Postgres && (s.Connections == 0 || s.MaxConnections == 0 || s.Replicas.Timeline == 0 || !s.Replicas.Shown) {
			t.Errorf("state %+v", s)
		}
		if s.Replicas.Lossy() {
			t.Error("without standbys nothing can be lost to them")
		}
	})
}
