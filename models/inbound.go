package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// InboundStatus is what became of something that a provider or carrier told.
type InboundStatus string

// The statuses of inbound events.
const (
	InboundReceived  InboundStatus = "received"
	InboundApplied   InboundStatus = "applied"
	InboundStale     InboundStatus = "ignored_stale" // changed nothing: known already, or overtaken
	InboundUnmatched InboundStatus = "unmatched"     // about nothing that is stored here
	InboundError     InboundStatus = "error"         // could not be applied: replay it when the reason is gone
)

// InboundStatuses lists all.
var InboundStatuses = []InboundStatus{InboundReceived, InboundApplied, InboundStale, InboundUnmatched, InboundError}

// InboundEvent is one thing that a provider or carrier told by webhook, with
// the whole body as it came.
type InboundEvent struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	AccountID  string // of a payment or a carrier account
	EventID    string // the sender's own; one is stored once
	Type       string
	Subject    string // of payments: charge, refund, …; of parcels: the tracking number
	Status     InboundStatus
	Detail     string
	Body       string
	PaymentID  *string
	ShipmentID *string
	Duplicates int // how often it came again
	Tries      int
	LeaseUntil *time.Time
	OccurredAt *time.Time
	ReceivedAt time.Time
	AppliedAt  *time.Time
}

// FromCarrier says whether a carrier told of it, not a payment provider.
func (e *InboundEvent) FromCarrier() bool { return IsID(PrefixCarrierAccount, e.AccountID) }

// enqueueInbound has an event applied, by the service of its sender.
func (tx *Tx) enqueueInbound(e *InboundEvent, at time.Time) {
	if e.FromCarrier() {
		tx.EnqueueAt(ParcelNewsArgs{InboundID: e.ID}, at)
		return
	}
	tx.EnqueueAt(InboundArgs{InboundID: e.ID}, at)
}

// ReceiveInbound stores events with the jobs that apply them; those that are
// stored already only count as repeated. It returns how many are new.
func (tx *Tx) ReceiveInbound(events []InboundEvent) (int, error) {
	fresh := 0
	for _, e := range events {
		patience := tx.now.Add(inquiryPatience)
		e.ID, e.Status, e.ReceivedAt, e.LeaseUntil = NewID(PrefixInboundEvent), InboundReceived, tx.now, &patience
		res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&e)
		if res.Error != nil {
			return fresh, fmt.Errorf("store inbound event: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			if _, err := tx.update("inbound_events", map[string]any{"duplicates": gorm.Expr("duplicates + 1")},
				"account_id = ? AND event_id = ?", e.AccountID, e.EventID); err != nil {
				return fresh, err
			}
			continue
		}
		fresh++
		tx.enqueueInbound(&e, time.Time{})
		tx.Announce(Hint{Topic: "inbound", ID: e.ID, MerchantID: e.MerchantID, New: true})
	}
	return fresh, nil
}

// InboundFate is what became of an event, and what it was about if that is known.
type InboundFate struct {
	Status     InboundStatus
	Detail     string
	PaymentID  *string
	ShipmentID *string
}

// MarkInbound stores what became of an event, unless it was applied before.
func (tx *Tx) MarkInbound(e *InboundEvent, f InboundFate) error {
	set := map[string]any{"status": f.Status, "detail": f.Detail, "lease_until": nil, "tries": gorm.Expr("tries + 1")}
	if f.PaymentID != nil {
		set["payment_id"] = *f.PaymentID
	}
	if f.ShipmentID != nil {
		set["shipment_id"] = *f.ShipmentID
	}
	if f.Status != InboundError {
		set["applied_at"] = tx.now
	}
	_, err := tx.update("inbound_events", set, "id = ? AND status <> ?", e.ID, InboundApplied)
	tx.Announce(Hint{Topic: "inbound", ID: e.ID, MerchantID: e.MerchantID})
	return err
}

// ReplayInbound has an event applied once more, whatever became of it before;
// applying is safe to repeat.
func (tx *Tx) ReplayInbound(scope Scope, id string) (*InboundEvent, error) {
	e, err := first[InboundEvent](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	patience := tx.now.Add(inquiryPatience)
	if _, err := tx.update("inbound_events", map[string]any{"status": InboundReceived, "lease_until": patience}, "id = ?", id); err != nil {
		return nil, err
	}
	tx.enqueueInbound(e, time.Time{})
	tx.Announce(Hint{Topic: "inbound", ID: e.ID, MerchantID: e.MerchantID})
	return e, nil
}

// PostponeInbound has an event that nothing here matches yet applied later:
// the answer that names what it is about may still be on its way.
func (tx *Tx) PostponeInbound(e *InboundEvent, at time.Time) error {
	ok, err := tx.update("inbound_events", map[string]any{
		"tries": gorm.Expr("tries + 1"), "lease_until": at.Add(inquiryPatience),
	}, "id = ? AND status = ?", e.ID, InboundReceived)
	if err == nil && ok {
		tx.enqueueInbound(e, at)
	}
	return err
}

// StalledInbound finds events whose job nobody seems to have.
func (db *DB) StalledInbound(ctx context.Context, limit int) ([]InboundEvent, error) {
	return all[InboundEvent](db.q(ctx).Omit("body").
		Where("lease_until IS NOT NULL AND lease_until < ?", db.Now()).Order("lease_until").Limit(limit))
}

// RequeueInbound gives an event that is where it was found a new job.
func (tx *Tx) RequeueInbound(e *InboundEvent) error {
	ok, err := tx.update("inbound_events", map[string]any{"lease_until": tx.now.Add(inquiryPatience)},
		"id = ? AND status = ? AND lease_until < ?", e.ID, InboundReceived, tx.now)
	if err == nil && ok {
		tx.enqueueInbound(e, time.Time{})
	}
	return err
}

// InboundEvent loads one inbound event with its body.
func (db *DB) InboundEvent(ctx context.Context, scope Scope, id string) (*InboundEvent, error) {
	return first[InboundEvent](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// InboundFilter selects inbound events; empty fields select all.
type InboundFilter struct {
	Account    string // id
	Status     InboundStatus
	PaymentID  string
	ShipmentID string
}

// InboundEvents lists inbound events without their bodies, newest first, with
// the next page's cursor.
func (db *DB) InboundEvents(ctx context.Context, scope Scope, f InboundFilter, p Page) ([]InboundEvent, string, error) {
	q := scope.in(db.q(ctx).Omit("body"), "merchant_id")
	q = equal(q, "account_id", f.Account)
	q = equal(q, "status", string(f.Status))
	q = equal(q, "payment_id", f.PaymentID)
	q = equal(q, "shipment_id", f.ShipmentID)
	return page(q, p, PrefixInboundEvent, func(e InboundEvent) string { return e.ID })
}
