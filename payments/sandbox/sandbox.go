// Package sandbox charges the sandbox, Tillpost's own fake of a payment
// provider, through its native format.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// DefaultBaseURL is where `tillpost sandbox` listens unless told otherwise.
const DefaultBaseURL = "http://127.0.0.1:8090"

// Provider is the sandbox behind the payment port. Accounts have the fields
// secret_key and webhook_secret.
type Provider struct {
	client *http.Client
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{client: &own}
}

// wireCharge is a charge as the sandbox tells it.
type wireCharge struct {
	ID             string       `json:"id"`
	Object         string       `json:"object"`
	Status         string       `json:"status"`
	Reference      string       `json:"reference"`
	Amount         int64        `json:"amount"`
	AmountCaptured int64        `json:"amount_captured"`
	Currency       string       `json:"currency"`
	ModifiedBy     string       `json:"modified_by"`
	Failure        *wireFailure `json:"failure"`
	NextAction     *wireAction  `json:"next_action"`
}

type wireFailure struct {
	Code        string `json:"code"`
	NetworkCode string `json:"network_code"`
	Advice      string `json:"advice"`
	Message     string `json:"message"`
}

type wireAction = payments.NextAction

// chargeRequest is the body of a charge; it is the same each time it is sent.
type chargeRequest struct {
	Reference        string `json:"reference"`
	PaymentReference string `json:"payment_reference"`
	Amount           int64  `json:"amount"`
	Currency         string `json:"currency"`
	Token            string `json:"token"`
	Capture          bool   `json:"capture"`
	Description      string `json:"description,omitempty"`
	ReturnURL        string `json:"return_url,omitempty"`
}

// Charge makes the charge, or finds the one made before with the same key.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	x := p.call(ctx, account, http.MethodPost, "/v1/charges", charge.Key, chargeRequest{
		Reference: charge.AttemptID, PaymentReference: charge.PaymentID, Amount: charge.Amount, Currency: charge.Currency,
		Token: charge.Token, Capture: charge.Capture, Description: charge.Description, ReturnURL: charge.ReturnURL,
	})
	var made wireCharge
	if x.decode("charge", &made) {
		return x.result(made, charge)
	}
	return x.failed()
}

// Lookup asks for the charge by its reference, which is the attempt's id. A
// reference that the sandbox does not know is canceled: it is never charged
// afterwards.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	query := url.Values{"reference": {charge.AttemptID}}
	x := p.call(ctx, account, http.MethodGet, "/v1/charges?"+query.Encode(), "", nil)
	var list struct {
		Data []wireCharge `json:"data"`
	}
	if !x.decode("list", &list) {
		return x.unknown()
	}
	if len(list.Data) > 0 {
		return x.result(list.Data[0], charge)
	}
	return p.Cancel(ctx, account, charge)
}

// Test checks the account's secret key.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	x := p.call(ctx, account, http.MethodGet, "/v1/account", "", nil)
	switch {
	case x.decode("account", &struct{}{}):
		return nil
	case x.status == http.StatusUnauthorized:
		return errors.New("the sandbox refused the secret key")
	case x.status == 0:
		return fmt.Errorf("the sandbox did not answer: %s", safehttp.Classify(x.err))
	default:
		return fmt.Errorf("the sandbox's answer cannot be used: %d %s", x.status, http.StatusText(x.status))
	}
}

// result says where a charge stands, if it is the one that was asked for.
func (x *exchange) result(c wireCharge, want payments.Charge) payments.Result {
	r := x.about()
	r.ProviderReference = c.ID
	never := c.Status == "canceled" && c.Amount == 0 // nothing but its reference is known
	if c.Reference != want.AttemptID || !never && (c.Amount != want.Amount || c.Currency != want.Currency) {
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "answer_mismatch", "The sandbox's answer is about another charge."
		return r
	}
	stands(&r, c)
	if c.Status == "failed" {
		x.refuse(&r, c.Failure)
	}
	return r
}

// stands says what the status of a charge means.
func stands(r *payments.Result, c wireCharge) {
	switch c.Status {
	case "succeeded":
		r.Outcome, r.Amount = payments.OutcomeSucceeded, c.AmountCaptured
	case "authorized":
		r.Outcome, r.Amount = payments.OutcomeAuthorized, c.Amount
	case "requires_action":
		r.Outcome, r.NextAction = payments.OutcomeRequiresAction, c.NextAction
	case "processing":
		r.Outcome = payments.OutcomeProcessing
	case "failed":
		r.Outcome = payments.OutcomeDeclined
	case "canceled":
		r.Outcome, r.Code, r.Message = payments.OutcomeNotFound, "canceled", "The charge was canceled before it was made."
	case "voided":
		r.Outcome, r.Class = payments.OutcomeDeclined, payments.ClassGeneric
		r.Code, r.Message = "voided", "The authorization was released."
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "The sandbox's answer cannot be used."
	}
}

// advised is what the sandbox's advice on a refusal says; without one the bank gave no reason.
var advised = map[string]payments.Class{
	"do_not_try_again":  payments.ClassNever,
	"confirm_card_data": payments.ClassFixData,
	"try_again_later":   payments.ClassLater,
}

func (x *exchange) refuse(r *payments.Result, f *wireFailure) {
	r.Outcome, r.Class = payments.OutcomeDeclined, payments.ClassGeneric
	if f == nil {
		r.Code, r.Message = "declined", "The charge was refused without a reason."
		return
	}
	r.Class = cmp.Or(advised[f.Advice], payments.ClassGeneric)
	r.Code, r.NetworkCode, r.Advice = f.Code, f.NetworkCode, f.Advice
	r.Message = x.mask([]byte(cmp.Or(f.Message, "The charge was refused without a reason.")))
}
