package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// apiRefundInput is what a shop says of a refund.
type apiRefundInput struct {
	PaymentID string `json:"payment_id" minLength:"1" maxLength:"30" doc:"The paid payment" example:"pay_06fkqmh3e5s0x2jb8zkvw4t1dc"`
	Amount    int64  `json:"amount" minimum:"1" maximum:"999999999999" doc:"In minor units of the payment's currency; at most amount_captured less amount_refunded and amount_refund_pending" example:"1500"`
	Reason    string `json:"reason" minLength:"3" maxLength:"500" doc:"Why, for the audit log and, where it takes one, the provider" example:"One of two was broken"`
}

type createRefundInput struct {
	RequiredKey

	Body apiRefundInput
}

type listRefundsInput struct {
	PageInput

	PaymentID string `query:"payment_id" maxLength:"30" doc:"Only those of this payment"`
}

func (a *shopAPI) refundOperations() {
	tags, reads := []string{"Refunds"}, requires("read", "payments")
	write(a, huma.Operation{
		OperationID: "createRefund", Method: http.MethodPost, Path: apiPrefix + "/refunds", DefaultStatus: http.StatusAccepted,
		Tags: tags, Security: requires("payments"), Summary: "Refund a payment",
		Description: "202 means stored, its amount reserved, and certain to be sent. The outcome follows by webhook: refund.succeeded or " +
			"refund.failed; a refund that had succeeded may still fail, when the customer's bank sends it back. " +
			"422 refund_too_large when it is more than what is left, 409 when the payment is not paid or is disputed.",
	}, a.createRefund)
	read(a, huma.Operation{
		OperationID: "getRefund", Method: http.MethodGet, Path: apiPrefix + "/refunds/{id}", Errors: []int{404},
		Tags: tags, Security: reads, Summary: "Get a refund", Description: "Where a refund stands.",
	}, a.getRefund)
	read(a, huma.Operation{
		OperationID: "listRefunds", Method: http.MethodGet, Path: apiPrefix + "/refunds", Errors: []int{422},
		Tags: tags, Security: reads, Summary: "List refunds",
		Description: "Newest first, of one payment or all. Refunds that were made at the provider itself are among them.",
	}, a.listRefunds)
}

func (in *createRefundInput) check(time.Time) error {
	var k checker
	k.text("payment_id", &in.Body.PaymentID, true)
	k.text("reason", &in.Body.Reason, true)
	return k.err()
}

func (a *shopAPI) createRefund(tx *models.Tx, call *apiCall, in *createRefundInput) (done[models.RefundJSON], error) {
	r, err := a.Payments.Refund(tx, call.scope, payments.RefundRequest{
		PaymentID: in.Body.PaymentID, Amount: in.Body.Amount, Reason: in.Body.Reason, Actor: call.actor(),
	})
	if err != nil {
		return done[models.RefundJSON]{}, err
	}
	return done[models.RefundJSON]{r.Object(), apiPrefix + "/refunds/" + r.ID}, nil
}

func (a *shopAPI) getRefund(ctx context.Context, call *apiCall, in *PathID) (*models.RefundJSON, error) {
	return a.DB.RefundObject(ctx, call.scope, in.ID)
}

func (a *shopAPI) listRefunds(ctx context.Context, call *apiCall, in *listRefundsInput) (list apiList[models.RefundJSON], err error) {
	found, next, err := a.DB.Refunds(ctx, call.scope, in.PaymentID, in.page())
	if err != nil {
		return list, err
	}
	return listOf(models.RefundObjects(found), next), nil
}
