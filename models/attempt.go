package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AttemptStatus is where one try to move money stands.
type AttemptStatus string

// The statuses of attempts.
const (
	AttemptQueued         AttemptStatus = "queued"
	AttemptSending        AttemptStatus = "sending"
	AttemptSucceeded      AttemptStatus = "succeeded"
	AttemptAuthorized     AttemptStatus = "authorized"
	AttemptRequiresAction AttemptStatus = "requires_action"
	AttemptDeclined       AttemptStatus = "declined"
	AttemptNotSent        AttemptStatus = "not_sent"
	AttemptUnknown        AttemptStatus = "unknown"
)

// Causes of attempts, shown as their trigger.
const (
	CauseAPI         = "api"
	CauseAutoRetry   = "auto_retry"
	CauseManualRetry = "manual_retry"
	CauseManual      = "manual" // a capture or void that a person asked for
	CauseFailover    = "failover"
)

// Kinds of attempts.
const (
	KindCharge  = "charge"  // takes or authorizes a payment
	KindCapture = "capture" // takes what was authorized
	KindVoid    = "void"    // releases what was authorized
)

// Open says whether the attempt may still move money.
func (s AttemptStatus) Open() bool {
	return s == AttemptQueued || s == AttemptSending || s == AttemptRequiresAction || s == AttemptUnknown
}

// attemptMoves is the table of legal moves of an attempt, by target.
var attemptMoves = map[AttemptStatus][]AttemptStatus{
	AttemptSending:        {AttemptQueued},
	AttemptSucceeded:      {AttemptSending, AttemptRequiresAction, AttemptUnknown},
	AttemptAuthorized:     {AttemptSending, AttemptRequiresAction, AttemptUnknown},
	AttemptRequiresAction: {AttemptSending, AttemptUnknown},
	AttemptDeclined:       {AttemptSending, AttemptRequiresAction, AttemptUnknown},
	AttemptNotSent:        {AttemptQueued, AttemptSending, AttemptRequiresAction, AttemptUnknown},
	AttemptUnknown:        {AttemptSending, AttemptRequiresAction},
}

// AttemptMoves returns a copy of the table of legal moves, for documents and tests.
func AttemptMoves() map[AttemptStatus][]AttemptStatus {
	out := make(map[AttemptStatus][]AttemptStatus, len(attemptMoves))
	for to, from := range attemptMoves {
		out[to] = slices.Clone(from)
	}
	return out
}

// Attempt is one try at a provider. Its IdempotencyKey is fixed when the row is
// made, before anything is sent.
type Attempt struct {
	ID                string `gorm:"primaryKey"`
	MerchantID        string
	PaymentID         string
	GatewayAccountID  *string
	Number            int
	Kind              string
	Amount            int64 // minor units to capture or void; 0 for a charge, which asks for the payment's
	Status            AttemptStatus
	Cause             string
	ActorID           string
	Reason            string
	IdempotencyKey    string
	ProviderReference *string
	Code              string
	Class             string
	Network           string // card network, as visa
	NetworkCode       string
	Advice            string
	Message           string
	HTTPStatus        int
	RequestID         string
	LatencyMS         int64
	Raw               string
	Inquiries         int
	LeaseUntil        *time.Time
	CreatedAt         time.Time
	StartedAt         *time.Time
	FinishedAt        *time.Time
}

// AttemptChange is what a move writes beside the status; empty fields leave
// what is stored.
type AttemptChange struct {
	ProviderReference string
	Code              string
	Class             string
	Network           string
	NetworkCode       string
	Advice            string
	Message           string
	HTTPStatus        int
	RequestID         string
	LatencyMS         int64
	Raw               string
	LeaseUntil        *time.Time
}

// CreateAttempt adds the next attempt of a payment, queued, and the job that
// sends it; without a kind it is a charge.
// The index attempts_one_open refuses it while another one is open: conflict
// attempt_open, as when the payment is not being processed.
func (tx *Tx) CreateAttempt(p *Payment, a Attempt) (*Attempt, error) {
	a.ID = NewID(PrefixAttempt)
	a.MerchantID, a.PaymentID, a.Number = p.MerchantID, p.ID, p.Attempts+1
	a.Kind, a.Status, a.CreatedAt = cmp.Or(a.Kind, KindCharge), AttemptQueued, tx.now
	a.IdempotencyKey = a.ID
	patience := tx.now.Add(queuedPatience)
	a.LeaseUntil = &patience
	ok, err := tx.update("payments",
		map[string]any{"attempts": a.Number, "gateway_account_id": a.GatewayAccountID},
		"id = ? AND attempts = ? AND status IN ?", p.ID, p.Attempts, []PaymentStatus{PaymentPending, PaymentProcessing})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Conflict("attempt_open", string(p.Status))
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&a)
	if res.Error != nil {
		return nil, fmt.Errorf("create attempt: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, Conflict("attempt_open", string(p.Status))
	}
	p.Attempts, p.GatewayAccountID = a.Number, a.GatewayAccountID
	tx.Enqueue(ChargeArgs{AttemptID: a.ID})
	return &a, nil
}

// MoveAttempt brings an attempt to another status. It says false when the
// attempt is not where the move may start: somebody else was first. A reference
// that another attempt has already is a conflict, provider_reference_taken.
func (tx *Tx) MoveAttempt(id string, to AttemptStatus, c AttemptChange) (bool, error) {
	if err := tx.lockPaymentOf(id); err != nil {
		return false, err
	}
	set := map[string]any{"status": to, "lease_until": c.LeaseUntil}
	switch {
	case to == AttemptSending:
		set["started_at"] = tx.now
	case !to.Open():
		set["finished_at"] = tx.now
	}
	texts := map[string]string{
		"provider_reference": c.ProviderReference, "code": c.Code, "class": c.Class, "network": c.Network,
		"network_code": c.NetworkCode, "advice": c.Advice, "message": c.Message, "request_id": c.RequestID, "raw": c.Raw,
	}
	for column, value := range texts {
		if value != "" {
			set[column] = value
		}
	}
	if c.HTTPStatus != 0 {
		set["http_status"] = c.HTTPStatus
	}
	if c.LatencyMS != 0 {
		set["latency_ms"] = c.LatencyMS
	}
	ok, err := tx.update("attempts", set, "id = ? AND status IN ?", id, attemptMoves[to])
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return false, Conflict("provider_reference_taken", "")
	}
	return ok, err
}

// Attempt loads one attempt inside the transaction.
func (tx *Tx) Attempt(id string) (*Attempt, error) {
	return first[Attempt](tx.q().Where("id = ?", id))
}

// LastAttempt loads the newest attempt of a payment inside the transaction.
func (tx *Tx) LastAttempt(paymentID string) (*Attempt, error) {
	return first[Attempt](tx.q().Where("payment_id = ?", paymentID).Order("number DESC"))
}

// Attempt loads one attempt, for background work.
func (db *DB) Attempt(ctx context.Context, id string) (*Attempt, error) {
	return first[Attempt](db.q(ctx).Where("id = ?", id))
}

// Attempts loads all attempts of a payment that the caller has loaded already,
// oldest first.
func (db *DB) Attempts(ctx context.Context, paymentID string) ([]Attempt, error) {
	return attemptsOf(db.q(ctx), paymentID)
}

// AttemptsByPayment loads the attempts of payments that the caller has loaded
// already, in their order, without what providers answered.
func (db *DB) AttemptsByPayment(ctx context.Context, paymentIDs []string) (map[string][]Attempt, error) {
	found := make(map[string][]Attempt, len(paymentIDs))
	if len(paymentIDs) == 0 {
		return found, nil
	}
	attempts, err := attemptsOf(db.q(ctx).Omit("raw"), paymentIDs...)
	for i := range attempts {
		found[attempts[i].PaymentID] = append(found[attempts[i].PaymentID], attempts[i])
	}
	return found, err
}

func attemptsOf(q *gorm.DB, paymentIDs ...string) ([]Attempt, error) {
	return all[Attempt](q.Where("payment_id IN ?", paymentIDs).Order("payment_id, number"))
}

// CountAttempts counts a payment's attempts of a kind that ended in a status.
func (tx *Tx) CountAttempts(paymentID, kind string, status AttemptStatus) (int, error) {
	var n int64
	err := tx.q().Model(&Attempt{}).
		Where("payment_id = ? AND kind = ? AND status = ?", paymentID, kind, status).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count attempts of %s: %w", paymentID, err)
	}
	return int(n), nil
}

// CountTrailing counts a payment's newest attempts of a kind that ended in a
// status, one after the other.
func (tx *Tx) CountTrailing(paymentID, kind string, status AttemptStatus) (int, error) {
	attempts, err := all[Attempt](tx.q().Select("status", "kind").
		Where("payment_id = ?", paymentID).Order("number DESC").Limit(50))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, a := range attempts {
		if a.Status != status || a.Kind != kind {
			break
		}
		n++
	}
	return n, nil
}

// NoteNextRetry shows when a payment that is still being processed will be tried again.
func (tx *Tx) NoteNextRetry(paymentID string, at time.Time) error {
	return tx.setNextRetry(paymentID, &at)
}

// ClearNextRetry forgets the planned retry, which is being made.
func (tx *Tx) ClearNextRetry(paymentID string) error { return tx.setNextRetry(paymentID, nil) }

func (tx *Tx) setNextRetry(paymentID string, at *time.Time) error {
	_, err := tx.update("payments", map[string]any{
		"next_retry_at": at, "updated_at": tx.now, "version": gorm.Expr("version + 1"),
	}, "id = ?", paymentID)
	return err
}
