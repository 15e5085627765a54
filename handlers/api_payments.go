package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// apiPaymentInput is what a shop says of a payment.
type apiPaymentInput struct {
	OrderID     string                `json:"order_id,omitempty" maxLength:"30" doc:"The order to be paid; this or order_number" example:"ord_06fkqmgyt1x1w9d6v6sxnhsqgm"`
	OrderNumber string                `json:"order_number,omitempty" maxLength:"64" doc:"The order to be paid; this or order_id"`
	Amount      int64                 `json:"amount" minimum:"1" maximum:"999999999999" doc:"In minor units; at most what is due of the order" example:"4990"`
	Currency    string                `json:"currency" minLength:"3" maxLength:"3" doc:"That of the order" example:"EUR"`
	Method      apiPaymentMethodInput `json:"method"`
	Gateway     string                `json:"gateway,omitempty" maxLength:"30" doc:"Account to charge through; default: the merchant's first enabled one" example:"gwa_06fkqmgyt1x1w9d6v6sxnhsqgm"`
	Capture     string                `json:"capture,omitempty" enum:"automatic,manual" default:"automatic" doc:"manual only reserves the amount"`
	ReturnURL   string                `json:"return_url,omitempty" maxLength:"2048" doc:"Where the provider leads the customer back to" example:"https://shop.example.com/thanks"`
	Description string                `json:"description,omitempty" maxLength:"500"`
	Metadata    map[string]string     `json:"metadata,omitempty" doc:"At most 50 texts of your own, of at most 500 characters each"`
}

type apiPaymentMethodInput struct {
	Type     string `json:"type" enum:"card,wallet,alipay,wechat,paypal,bank_transfer" example:"card"`
	Token    string `json:"token,omitempty" maxLength:"255" doc:"The provider's own token of the payment method, such as pm_… of Stripe; required for cards. Card numbers are refused." example:"tok_success"`
	Customer string `json:"customer,omitempty" maxLength:"255" doc:"The provider's own reference of the customer whom the token belongs to, such as cus_… of Stripe; needed for tokens that were stored with a customer"`
}

type createPaymentInput struct {
	RequiredKey

	Prefer string `header:"Prefer" doc:"wait=N answers when the outcome or the customer's next step is known, after N seconds (at most 20) at the latest" example:"wait=10"`
	Body   apiPaymentInput
}

type listPaymentsInput struct {
	PageInput
	CreatedInput

	OrderID string `query:"order_id" maxLength:"30"`
	Status  string `query:"status" enum:"pending,processing,requires_action,authorized,paid,failed,unknown,needs_review,voided,canceled,expired"`
	Gateway string `query:"gateway" maxLength:"30" doc:"Account id"`
	Q       string `query:"q" maxLength:"200" doc:"A payment id, or words of the order as in the list of orders"`
}

type retryPaymentInput struct {
	PathID
	RequiredKey

	Body apiRetryInput
}

type apiRetryInput struct {
	Gateway string `json:"gateway,omitempty" maxLength:"30" doc:"Account to charge through; default: the one tried last"`
	Reason  string `json:"reason" minLength:"3" maxLength:"500" doc:"Why, for the audit log" example:"The customer raised the card's limit"`
}

func (a *shopAPI) paymentOperations() {
	tags, reads := []string{"Payments"}, requires("read", "payments")
	write(a, huma.Operation{
		OperationID: "createPayment", Method: http.MethodPost, Path: apiPrefix + "/payments", DefaultStatus: http.StatusAccepted,
		Tags: tags, Security: requires("payments"), Summary: "Take a payment",
		Description: "202 means stored and certain to be attempted. The outcome follows by webhook, by GET, or in this answer with Prefer: wait=N.",
	}, a.createPayment, a.awaitPayment)
	read(a, huma.Operation{
		OperationID: "getPayment", Method: http.MethodGet, Path: apiPrefix + "/payments/{id}", Errors: []int{404},
		Tags: tags, Security: reads, Summary: "Get a payment", Description: "The payment with its attempts.",
	}, a.getPayment)
	read(a, huma.Operation{
		OperationID: "listPayments", Method: http.MethodGet, Path: apiPrefix + "/payments", Errors: []int{422},
		Tags: tags, Security: reads, Summary: "List payments", Description: "Newest first. All filters that are given must match.",
	}, a.listPayments)
	write(a, huma.Operation{
		OperationID: "retryPayment", Method: http.MethodPost, Path: apiPrefix + "/payments/{id}/retry", DefaultStatus: http.StatusAccepted,
		Errors: []int{404}, Tags: tags, Security: requires("payments"), Summary: "Retry a failed payment",
		Description: "409 when an attempt is open, the outcome is unknown, the refusal forbids another try, or the order is paid already.",
	}, a.retryPayment)
	a.paymentActs()
}

func (in *createPaymentInput) check(time.Time) error {
	b := &in.Body
	var k checker
	k.oneOrder(&b.OrderID, &b.OrderNumber)
	k.currency("currency", b.Currency)
	k.text("method.token", &b.Method.Token, b.Method.Type == "card")
	k.text("method.customer", &b.Method.Customer, false)
	k.text("description", &b.Description, false)
	k.address("return_url", &b.ReturnURL)
	k.metadata("metadata", b.Metadata)
	return k.err()
}

func (a *shopAPI) createPayment(tx *models.Tx, call *apiCall, in *createPaymentInput) (done[models.PaymentJSON], error) {
	b := &in.Body
	return paymentDone(tx)(a.Payments.Accept(tx, call.key.MerchantID, payments.New{
		OrderID: b.OrderID, OrderNumber: b.OrderNumber, Amount: b.Amount, Currency: b.Currency,
		MethodType: b.Method.Type, Token: b.Method.Token, Customer: b.Method.Customer, Gateway: b.Gateway, Capture: b.Capture,
		ReturnURL: b.ReturnURL, Description: b.Description, Metadata: b.Metadata,
	}))
}

// paymentDone makes the answer of what a service returned.
func paymentDone(tx *models.Tx) func(p *models.Payment, err error) (done[models.PaymentJSON], error) {
	return func(p *models.Payment, err error) (done[models.PaymentJSON], error) {
		if err != nil {
			return done[models.PaymentJSON]{}, err
		}
		object, err := tx.PaymentObject(p)
		return done[models.PaymentJSON]{object, apiPrefix + "/payments/" + p.ID}, err
	}
}

func (a *shopAPI) getPayment(ctx context.Context, call *apiCall, in *PathID) (*models.PaymentJSON, error) {
	return a.DB.PaymentObject(ctx, call.scope, in.ID)
}

func (a *shopAPI) listPayments(
	ctx context.Context, call *apiCall, in *listPaymentsInput,
) (list apiList[models.PaymentJSON], err error) {
	created, err := in.span()
	if err != nil {
		return list, err
	}
	filter := models.PaymentFilter{OrderID: in.OrderID, Gateway: in.Gateway, Search: in.Q, Created: created}
	if in.Status != "" {
		filter.Statuses = []models.PaymentStatus{models.PaymentStatus(in.Status)}
	}
	found, next, err := a.DB.Payments(ctx, call.scope, filter, in.page())
	if err != nil {
		return list, err
	}
	objects, err := a.DB.PaymentObjects(ctx, found)
	return listOf(objects, next), err
}

func (a *shopAPI) retryPayment(tx *models.Tx, call *apiCall, in *retryPaymentInput) (done[models.PaymentJSON], error) {
	return paymentDone(tx)(a.Payments.Retry(tx, call.scope, in.ID, payments.RetryRequest{
		Gateway: in.Body.Gateway, Reason: in.Body.Reason, Actor: call.actor(),
	}))
}
