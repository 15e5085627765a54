package models

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// PlanInquiry notes how many inquiries about an open attempt were made and plans
// the next, with the number made+1, unless that was planned already: a job that
// is run twice must not ask twice as often from then on.
func (tx *Tx) PlanInquiry(id string, made int, at time.Time) error {
	ok, err := tx.noteInquiries(id, made, at.Add(inquiryPatience))
	if err == nil && ok {
		tx.EnqueueAt(ReconcileArgs{AttemptID: id, Inquiry: made + 1}, at)
	}
	return err
}

// EndInquiries notes the last inquiry about an open attempt; a human decides
// what comes next.
func (tx *Tx) EndInquiries(id string, made int) error {
	_, err := tx.noteInquiries(id, made, nil)
	return err
}

func (tx *Tx) noteInquiries(id string, made int, lease any) (bool, error) {
	if err := tx.lockPaymentOf(id); err != nil {
		return false, err
	}
	return tx.update("attempts", map[string]any{"inquiries": made, "lease_until": lease},
		"id = ? AND status IN ? AND (inquiries < ? OR ? = 0)",
		id, []AttemptStatus{AttemptUnknown, AttemptRequiresAction}, made, made)
}

// How long a job may be overdue before it counts as lost with the worker that
// had taken it.
const (
	queuedPatience  = 45 * time.Second
	inquiryPatience = 10 * time.Minute
)

// StalledAttempts finds attempts that were left: queued ones and those to be
// looked up, whose job nobody seems to have, and those whose sender's lease has
// ended.
func (db *DB) StalledAttempts(ctx context.Context, limit int) ([]Attempt, error) {
	return all[Attempt](db.q(ctx).
		// The literals let SQLite see that the partial index serves.
		Where("status IN ('queued', 'sending', 'requires_action', 'unknown') AND lease_until < ?", db.Now()).
		Order("lease_until").Limit(limit))
}

// RequeueAttempt gives an attempt that is where it was found a new job. Should
// the old one turn up as well, one of them finds nothing to do.
func (tx *Tx) RequeueAttempt(a *Attempt) error {
	patience, job := queuedPatience, river.JobArgs(ChargeArgs{AttemptID: a.ID})
	if a.Status != AttemptQueued {
		patience, job = inquiryPatience, ReconcileArgs{AttemptID: a.ID, Inquiry: a.Inquiries + 1}
	}
	ok, err := tx.update("attempts", map[string]any{"lease_until": tx.now.Add(patience)},
		"id = ? AND status = ? AND lease_until < ?", a.ID, a.Status, tx.now)
	if err == nil && ok {
		tx.Enqueue(job)
	}
	return err
}
