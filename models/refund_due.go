package models

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// PlanRefund notes how many inquiries about an open refund were made and plans
// the next call about it, unless that was planned already. Status is where the
// refund must be for the plan to hold.
func (tx *Tx) PlanRefund(id string, status RefundStatus, made int, at time.Time) error {
	ok, err := tx.update("refunds", map[string]any{
		"inquiries": made, "lease_until": at.Add(inquiryPatience), "next_retry_at": at, "updated_at": tx.now,
	}, "id = ? AND status = ? AND (inquiries < ? OR ? = 0)", id, status, made, made)
	if err == nil && ok {
		tx.EnqueueAt(ReconcileRefundArgs{RefundID: id, Inquiry: made + 1}, at)
	}
	return err
}

// EndRefundInquiries notes that nobody asks about an open refund any more.
func (tx *Tx) EndRefundInquiries(id string, made int) error {
	_, err := tx.update("refunds", map[string]any{
		"inquiries": made, "lease_until": nil, "next_retry_at": nil, "updated_at": tx.now,
	}, "id = ? AND status IN ?", id, []RefundStatus{RefundUnknown, RefundPending})
	return err
}

// StalledRefunds finds refunds that were left: those whose job nobody seems to
// have, and those whose sender's lease has ended.
func (db *DB) StalledRefunds(ctx context.Context, limit int) ([]Refund, error) {
	return all[Refund](db.q(ctx).Where("lease_until IS NOT NULL AND lease_until < ?", db.Now()).
		Order("lease_until").Limit(limit))
}

// RequeueRefund gives a refund that is where it was found a new job. Should the
// old one turn up as well, one of them finds nothing to do.
func (tx *Tx) RequeueRefund(r *Refund) error {
	patience, job := queuedPatience, river.JobArgs(RefundArgs{RefundID: r.ID})
	if r.Status != RefundRequested {
		patience, job = inquiryPatience, ReconcileRefundArgs{RefundID: r.ID, Inquiry: r.Inquiries + 1}
	}
	ok, err := tx.update("refunds", map[string]any{"lease_until": tx.now.Add(patience)},
		"id = ? AND status = ? AND lease_until < ?", r.ID, r.Status, tx.now)
	if err == nil && ok {
		tx.Enqueue(job)
	}
	return err
}
