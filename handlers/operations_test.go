package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// failedJob adds a job that was given up.
func failedJob(t *testing.T, db *models.DB) int64 {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		tx.Enqueue(models.PollArgs{AccountID: "cra_1", ShipmentIDs: []string{"shp_1"}})
		return nil
	})
	failure := `{"at":"2026-03-01T12:05:00Z","attempt":3,"error":"ask carrier: dial tcp: connection refused <b>","trace":""}`
	errs := `ARRAY['` + failure + `']::jsonb[]`
	if db.Dialect == models.SQLite {
		errs = `jsonb('[` + failure + `]')`
	}
	var id int64
	if err := db.SQL().QueryRowContext(t.Context(), "SELECT MAX(id) FROM river_job WHERE kind = 'shipment.poll'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	_, err := db.SQL().ExecContext(t.Context(), "UPDATE river_job SET state = 'discarded', attempt = 3, finalized_at = CURRENT_TIMESTAMP, errors = "+errs+
		" WHERE id = "+strconv.FormatInt(id, 10))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Administrators see nodes, queues and failing jobs, steer them with a reason,
// and what they did is kept.
func TestOperations(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		admin := s.signIn(t, models.RoleAdmin, "")
		leader := models.Node{ID: models.NewID(models.PrefixNode), Name: "till-1", Version: "1.2.3", Web: true, Workers: true, Memory: 52_000_000}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			now := tx.Now()
			if err := tx.NoteJobs([]models.PeriodicJob{
				{Kind: "shipment.sweep", NodeID: leader.ID, RanAt: now, TookMS: 12, SucceededAt: &now},
				{Kind: "stats.fold", NodeID: leader.ID, RanAt: now, Error: "context deadline exceeded"},
			}); err != nil {
				return err
			}
			return tx.Beat(leader)
		})
		for _, sql := range []string{
			"INSERT INTO river_queue (name, updated_at) VALUES ('carrier', CURRENT_TIMESTAMP)",
			"INSERT INTO river_leader (elected_at, expires_at, leader_id) VALUES (CURRENT_TIMESTAMP, '2099-01-01 00:00:00', '" + leader.ID + "')",
		} {
			if _, err := db.SQL().ExecContext(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		id := failedJob(t, db)
		job := "/operations/jobs/" + strconv.FormatInt(id, 10)

		page := admin.get("/operations").want(t, http.StatusOK)
		for part, wants := range map[string][]string{
			"#operations-nodes":    {"till-1", "1.2.3", "Leader", "Alive", "52 MB"},
			"#operations-queues":   {"Payments", "Parcels", "Webhooks to merchants"},
			"#operations-jobs":     {"Ask a carrier for parcels", "Given up", "could not be reached", "connection refused <b>", "3 / 3"},
			"#operations-periodic": {"Find parcels to ask for", "12 ms", "It took too long."},
			"#operations-database": {"TILLPOST_BACKUP_PATH"},
			"#operations-accounts": {"0 of 20 a second", "Calls go through"},
		} {
			text := page.Find(part).Text()
			for _, want := range wants {
				if !strings.Contains(text, want) {
					t.Errorf("%s does not say %q: %s", part, want, text)
				}
			}
		}
		if detail := admin.get(job).want(t, http.StatusOK).Find("#job-detail").Text(); !strings.Contains(detail, `"account_id"`) || !strings.Contains(detail, "Try 3") {
			t.Errorf("the job's page says %s", detail)
		}
		admin.get("/operations/jobs/x").want(t, http.StatusNotFound)
		admin.get("/operations/queues/none/pause").want(t, http.StatusNotFound)

		admin.post(job+"/retry", url.Values{"reason": {" "}}).want(t, http.StatusUnprocessableEntity)
		admin.post(job+"/retry", url.Values{"reason": {"The carrier answers again"}}).want(t, http.StatusSeeOther)
		if j, err := db.Job(t.Context(), id); err != nil || j.State != models.JobAvailable || j.MaxAttempts != 4 {
			t.Errorf("after the retry: %+v, %v", j, err)
		}
		admin.post(job+"/delete", url.Values{"reason": {"no longer needed"}}).want(t, http.StatusConflict)
		admin.post(job+"/cancel", url.Values{"reason": {"no longer needed"}}).want(t, http.StatusSeeOther)
		admin.post(job+"/delete", url.Values{"reason": {"no longer needed"}}).want(t, http.StatusSeeOther)
		admin.get(job).want(t, http.StatusNotFound)
		acts := s.acts(t, "job "+strconv.FormatInt(id, 10))
		if len(acts) != 3 || acts[2].Action != "job.retry" || acts[2].Reason != "The carrier answers again" || acts[2].Detail["kind"] != "shipment.poll" {
			t.Errorf("audit log = %+v", acts)
		}

		paused := admin.post("/operations/queues/carrier/pause", url.Values{"reason": {"The carrier asked for it"}}, htmx...).want(t, http.StatusOK)
		if !strings.Contains(paused.body, "The queue is paused.") || !strings.Contains(paused.body, "/operations/queues/carrier/resume") {
			t.Errorf("answer = %s", paused.body)
		}
		admin.post("/operations/queues/carrier/resume", url.Values{"reason": {"It may go on"}}).want(t, http.StatusSeeOther)
		if acts := s.acts(t, "queue carrier"); len(acts) != 2 || acts[1].Action != "queue.pause" {
			t.Errorf("audit log = %+v", acts)
		}
		s.signIn(t, models.RoleSupport, "").get("/operations").want(t, http.StatusForbidden)
	})
}
