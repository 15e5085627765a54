package models

import (
	"context"
	"time"
)

// ProviderCall is one request to a payment provider and its answer, masked:
// neither secrets nor card data are in it.
type ProviderCall struct {
	ID               string `gorm:"primaryKey"`
	MerchantID       string
	GatewayAccountID *string
	PaymentID        *string
	ObjectID         string // the attempt or refund that it was made for
	Purpose          string // charge, lookup, capture, void, cancel, refund, lookup_refund
	Method           string
	URL              string
	Request          string
	Status           int // of the answer; 0: none came
	Answer           string
	Error            string
	RequestID        string // by which the provider finds it
	LatencyMS        int64
	StartedAt        time.Time
}

// AddProviderCalls stores calls that were made, and counts them.
func (tx *Tx) AddProviderCalls(calls []ProviderCall) error {
	for i := range calls {
		calls[i].ID = NewIDAt(PrefixProviderCall, calls[i].StartedAt)
		tx.gateways.call(&calls[i])
	}
	return insertMany(tx, calls)
}

// ProviderCalls loads the newest calls about a payment that the caller has
// loaded already, newest first.
func (db *DB) ProviderCalls(ctx context.Context, paymentID string, limit int) ([]ProviderCall, error) {
	return all[ProviderCall](db.q(ctx).Where("payment_id = ?", paymentID).Order("id DESC").Limit(limit))
}
