package models

import (
	"context"
	"time"
)

// CallOK is the outcome of a call that the carrier answered; of the others it is
// the kind of the error.
const CallOK = "ok"

// Outcomes of calls that say something about the account or its carrier. Every
// other one is an answer, and be it that the carrier does not know a number.
const (
	CallAuth        = "auth"
	CallRateLimited = "rate_limited"
	CallUnavailable = "unavailable"
	CallMalformed   = "malformed"
)

// CallBadRequest is the outcome of a question that the carrier finds wrong, and
// CallCanceled that of one that was cut off here, which says nothing of anybody.
const (
	CallBadRequest = "bad_request"
	CallCanceled   = "canceled"
)

// CallOutcomes lists all outcomes of calls.
var CallOutcomes = []string{
	CallOK, CallUnavailable, CallRateLimited, CallAuth, CallMalformed, "not_found", "forbidden", CallBadRequest, CallCanceled,
}

// CarrierCall is one request to a carrier and its answer, masked: no secret is
// in it.
type CarrierCall struct {
	ID               string `gorm:"primaryKey"`
	MerchantID       string
	CarrierAccountID string
	Purpose          string // poll, test
	Method           string
	URL              string
	Request          string
	Status           int // of the answer; 0: none came
	Outcome          string
	Answer           string
	Error            string
	LatencyMS        int64
	Parcels          int // that it asked for
	StartedAt        time.Time
}

// Answered says whether the carrier did its part, whatever it said of a parcel.
func (c *CarrierCall) Answered() bool {
	switch c.Outcome {
	case CallAuth, CallRateLimited, CallUnavailable, CallMalformed:
		return false
	default:
		return true
	}
}

// AddCarrierCalls stores calls that were made, and counts them.
func (tx *Tx) AddCarrierCalls(calls []CarrierCall) error {
	if len(calls) == 0 {
		return nil
	}
	var last time.Time
	for i := range calls { // ids tell milliseconds apart, and calls of one question follow each other
		at := calls[i].StartedAt
		if next := last.Add(time.Millisecond); i > 0 && at.Before(next) {
			at = next
		}
		calls[i].ID, last = NewIDAt(PrefixCarrierCall, at), at
	}
	if err := insertMany(tx, calls); err != nil {
		return err
	}
	tx.Announce(Hint{Topic: "carrier_call", ID: calls[0].CarrierAccountID, MerchantID: calls[0].MerchantID, New: true})
	return tx.countCalls(calls)
}

// CarrierCallFilter selects calls of an account; an empty outcome selects all.
type CarrierCallFilter struct {
	AccountID string
	Outcome   string
}

// CarrierCalls lists an account's calls without what was sent and answered,
// newest first, with the next page's cursor.
func (db *DB) CarrierCalls(ctx context.Context, scope Scope, f CarrierCallFilter, p Page) ([]CarrierCall, string, error) {
	q := scope.in(db.q(ctx).Omit("request", "answer"), "merchant_id").Where("carrier_account_id = ?", f.AccountID)
	q = equal(q, "outcome", f.Outcome)
	return page(q, p, PrefixCarrierCall, func(c CarrierCall) string { return c.ID })
}

// CarrierCall loads one call of an account.
func (db *DB) CarrierCall(ctx context.Context, scope Scope, accountID, id string) (*CarrierCall, error) {
	return first[CarrierCall](scope.in(db.q(ctx), "merchant_id").Where("id = ? AND carrier_account_id = ?", id, accountID))
}
