package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// actInput is the input of acts that need no words.
type actInput struct {
	PathID
	OptionalKey
}

type capturePaymentInput struct {
	PathID
	OptionalKey

	Body *apiCaptureInput
}

type apiCaptureInput struct {
	Amount int64 `json:"amount,omitempty" minimum:"1" maximum:"999999999999" doc:"In minor units; default: all that is authorized. What is left is released" example:"4990"`
}

// paymentActs are what a shop does with a payment that it has made.
func (a *shopAPI) paymentActs() {
	act := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: apiPrefix + "/payments/{id}/" + path, DefaultStatus: http.StatusAccepted,
			Errors: []int{404}, Tags: []string{"Payments"}, Security: requires("payments"), Summary: summary, Description: description,
		}
	}
	write(a, act("capturePayment", "capture", "Capture an authorized payment",
		"Takes the authorized amount or a part of it, once; the rest is released. The outcome follows by webhook: payment.paid, or "+
			"payment.authorized again when the provider refused, with the reason in failure. 409 unless the payment is authorized."), a.capturePayment)
	write(a, act("voidPayment", "void", "Void an authorized payment",
		"Releases the reserved amount. The outcome follows by webhook: payment.voided. 409 unless the payment is authorized."), a.voidPayment)
	write(a, act("cancelPayment", "cancel", "Cancel a payment before money moves",
		"Ends it at once while nothing was sent, and by way of the provider while the customer must act: then payment.canceled follows, or "+
			"what the customer did first. 409 when an attempt is being sent, or when money has moved: void or refund it instead."), a.cancelPayment)
	write(a, act("syncPayment", "sync", "Ask the provider what happened",
		"Looks an open outcome up at the provider now; 409 when the outcome is known."), a.syncPayment)
}

func (a *shopAPI) capturePayment(tx *models.Tx, call *apiCall, in *capturePaymentInput) (done[models.PaymentJSON], error) {
	action := payments.Action{Actor: call.actor()}
	if in.Body != nil {
		action.Amount = in.Body.Amount
	}
	return paymentDone(tx)(a.Payments.Capture(tx, call.scope, in.ID, action))
}

func (a *shopAPI) voidPayment(tx *models.Tx, call *apiCall, in *actInput) (done[models.PaymentJSON], error) {
	return paymentDone(tx)(a.Payments.Void(tx, call.scope, in.ID, payments.Action{Actor: call.actor()}))
}

func (a *shopAPI) cancelPayment(tx *models.Tx, call *apiCall, in *actInput) (done[models.PaymentJSON], error) {
	return paymentDone(tx)(a.Payments.Cancel(tx, call.scope, in.ID, payments.Action{Actor: call.actor()}))
}

func (a *shopAPI) syncPayment(tx *models.Tx, call *apiCall, in *actInput) (done[models.PaymentJSON], error) {
	return paymentDone(tx)(a.Payments.Sync(tx, call.scope, in.ID, payments.Action{Actor: call.actor()}))
}
