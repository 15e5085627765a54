package models

import (
	"context"
	"time"
)

// RefundJSON is a refund as the API shows it.
type RefundJSON struct {
	ID                string             `json:"id"`
	PaymentID         string             `json:"payment_id"`
	OrderID           string             `json:"order_id"`
	Amount            int64              `json:"amount" doc:"Minor units of the currency"`
	Currency          string             `json:"currency"`
	Status            RefundStatus       `json:"status" enum:"requested,sending,pending,succeeded,failed,unknown"`
	Reason            string             `json:"reason" doc:"Why, as whoever asked for it said"`
	Failure           *RefundFailureJSON `json:"failure"`
	ProviderReference *string            `json:"provider_reference"`
	CreatedAt         time.Time          `json:"created_at"`
	UpdatedAt         time.Time          `json:"updated_at"`
}

// RefundFailureJSON is why a refund did not succeed.
type RefundFailureJSON struct {
	Code    string `json:"code"`
	Class   string `json:"class,omitempty" doc:"never, fix_data, later, generic; empty for technical failures"`
	Message string `json:"message"`
}

func refundJSON(r *Refund) RefundJSON {
	out := RefundJSON{
		ID: r.ID, PaymentID: r.PaymentID, OrderID: r.OrderID, Amount: r.Amount, Currency: r.Currency, Status: r.Status,
		Reason: r.Reason, ProviderReference: r.ProviderReference, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.Status == RefundFailed || r.Status == RefundUnknown {
		out.Failure = &RefundFailureJSON{Code: r.Code, Class: r.Class, Message: r.Message}
	}
	return out
}

// RefundObject loads a refund as the API shows it.
func (db *DB) RefundObject(ctx context.Context, scope Scope, id string) (*RefundJSON, error) {
	r, err := db.Refund(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return r.Object(), nil
}

// Object renders a refund as the API shows it.
func (r *Refund) Object() *RefundJSON {
	out := refundJSON(r)
	return &out
}

// RefundObjects renders a page of refunds.
func RefundObjects(refunds []Refund) []RefundJSON {
	out := make([]RefundJSON, len(refunds))
	for i := range refunds {
		out[i] = refundJSON(&refunds[i])
	}
	return out
}
