package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const apiNative = "sandbox"

func nativeFormat() format {
	return format{
		name: apiNative, natural: true, chargeID: prefixed("chg_"), refundID: prefixed("rfd_"), disputeID: prefixed("dsp_"),
		account: accountOf, caller: bySecretKey("sk_sandbox_"), fault: plainFault, news: nativeNews, sign: signNative,
	}
}

func (s *Server) nativeRoutes(mux *http.ServeMux) {
	handle := func(pattern string, serve endpoint) { mux.HandleFunc(pattern, s.api(nativeFormat(), serve)) }
	handle("GET /v1/account", nativeAccount)
	handle("POST /v1/charges", s.createCharge)
	handle("GET /v1/charges", s.listCharges)
	handle("GET /v1/charges/{id}", s.showCharge)
	handle("POST /v1/charges/cancel", s.cancelReference)
	handle("POST /v1/charges/{id}/capture", s.captureCharge)
	handle("POST /v1/charges/{id}/void", s.voidCharge)
	handle("POST /v1/refunds", s.createRefund)
	handle("GET /v1/refunds", s.listRefunds)
	handle("GET /v1/refunds/{id}", s.showRefund)
	handle("POST /v1/webhooks", s.registerWebhook)
	handle("GET /v1/events", s.listEvents)
	mux.HandleFunc("GET /v1/charges/{id}/action", s.actionPage)
	mux.HandleFunc("POST /v1/charges/{id}/complete", s.completeCharge)
}

// nativeCharge is a charge on the wire.
type nativeCharge struct {
	ID               string         `json:"id"`
	Object           string         `json:"object"`
	Status           status         `json:"status"`
	Reference        string         `json:"reference"`
	PaymentReference string         `json:"payment_reference"`
	Amount           int64          `json:"amount"`
	AmountCaptured   int64          `json:"amount_captured"`
	AmountRefunded   int64          `json:"amount_refunded"`
	Currency         string         `json:"currency"`
	Capture          bool           `json:"capture"`
	ModifiedBy       string         `json:"modified_by,omitempty"` // the reference of its capture or void
	Description      string         `json:"description,omitempty"`
	Failure          *nativeFailure `json:"failure"`
	NextAction       *nativeAction  `json:"next_action"`
	CreatedAt        time.Time      `json:"created_at"`
}

type nativeFailure struct {
	Code        string `json:"code"`
	NetworkCode string `json:"network_code,omitempty"`
	Advice      string `json:"advice,omitempty"`
	Message     string `json:"message"`
}

type nativeAction struct {
	Type      string    `json:"type"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// nativeView shows a charge; host is where the customer finds the page of an action.
func nativeView(c charge, host string) nativeCharge {
	v := nativeCharge{
		ID: c.ID, Object: "charge", Status: c.Status, Reference: c.Reference, PaymentReference: c.PaymentReference,
		Amount: c.Amount, Currency: c.Currency, Capture: c.Capture, ModifiedBy: c.ModifiedBy,
		Description: c.Description, CreatedAt: c.CreatedAt,
	}
	v.AmountCaptured, v.AmountRefunded = c.money()
	if o := c.Refusal; o != nil {
		v.Failure = &nativeFailure{Code: o.Code, NetworkCode: o.NetworkCode, Advice: o.Advice(), Message: o.Message}
	}
	if c.Status == statusRequiresAction {
		v.NextAction = &nativeAction{Type: "redirect", URL: host + "/v1/charges/" + c.ID + "/action", ExpiresAt: c.CreatedAt.Add(time.Hour)}
	}
	return v
}

func nativeAccount(q *request) reply {
	return jsonReply(http.StatusOK, map[string]string{"object": "account", "id": q.account})
}

type chargeRequest struct {
	Reference        string `json:"reference"`
	PaymentReference string `json:"payment_reference"`
	Amount           int64  `json:"amount"`
	Currency         string `json:"currency"`
	Token            string `json:"token"`
	Capture          *bool  `json:"capture"` // true when left out
	Description      string `json:"description"`
	ReturnURL        string `json:"return_url"`
}

func (in chargeRequest) check() string {
	switch {
	case in.Reference == "" || len(in.Reference) > 255:
		return "reference is required, with at most 255 characters"
	case len(in.PaymentReference) > 255:
		return "payment_reference has at most 255 characters"
	case in.Amount < 1 || in.Amount > maxAmount:
		return fmt.Sprintf("amount must be between 1 and %d", int64(maxAmount))
	case !isCurrency(in.Currency):
		return "currency must be an ISO 4217 code"
	case in.Token == "":
		return "token is required"
	case !isWebURL(in.ReturnURL):
		return "return_url must be an http or https address"
	}
	return ""
}

func (s *Server) createCharge(q *request) reply {
	var in chargeRequest
	if rep, ok := decode(q, &in); !ok {
		return rep
	}
	if fault := in.check(); fault != "" {
		return badRequest("parameter_invalid", fault)
	}
	if q.key == "" || len(q.key) > 255 {
		return badRequest("idempotency_key_required", "The header Idempotency-Key is required, with at most 255 characters.")
	}
	return s.once(q, outcomeOf(in.Token).Fault, func() reply {
		c, err := s.bank.open(charge{
			API: apiNative, Account: q.account, Key: q.key, Reference: in.Reference, PaymentReference: in.PaymentReference,
			Amount: in.Amount, Currency: strings.ToUpper(in.Currency), Token: in.Token, Capture: in.Capture == nil || *in.Capture,
			Description: in.Description, ReturnURL: in.ReturnURL,
		})
		if err == nil && c.Status == statusCreated {
			c, err = s.bank.execute(q.account, c.ID, confirmation{absent: in.ReturnURL == ""})
		}
		if err != nil {
			return nativeError(err, c, origin(q.Request))
		}
		return chargeReply(c, origin(q.Request))
	})
}

// chargeReply answers with a charge as it was executed: a refusal is 402.
func chargeReply(c charge, host string) reply {
	view := nativeView(c, host)
	if c.Status != statusFailed {
		return jsonReply(http.StatusOK, view)
	}
	f := view.Failure
	return problem(http.StatusPaymentRequired, apiError{
		Type: "card_error", Code: f.Code, NetworkCode: f.NetworkCode, AdviceCode: f.Advice, Message: f.Message, Object: view,
	})
}

func (s *Server) listCharges(q *request) reply {
	reference := q.FormValue("reference")
	if reference == "" {
		return badRequest("parameter_missing", "reference is required")
	}
	data := []nativeCharge{}
	c, err := s.bank.byReference(q.account, reference)
	if err == nil && c.Status != statusCreated {
		data = append(data, nativeView(c, origin(q.Request)))
	}
	return jsonReply(http.StatusOK, map[string]any{"object": "list", "data": data})
}

func (s *Server) showCharge(q *request) reply {
	return chargeOrError(q)(s.bank.charge(q.account, q.PathValue("id")))
}

func chargeOrError(q *request) func(charge, error) reply {
	return func(c charge, err error) reply {
		if err != nil {
			return nativeError(err, c, origin(q.Request))
		}
		return jsonReply(http.StatusOK, nativeView(c, origin(q.Request)))
	}
}

func nativeError(err error, c charge, host string) reply {
	e := apiError{Type: "invalid_request_error", Message: err.Error()}
	if c.ID != "" {
		e.Object = nativeView(c, host)
	}
	status := http.StatusConflict
	switch {
	case errors.Is(err, errNotFound), errors.Is(err, errUnknownRefund), errors.Is(err, errUnknownDispute):
		status, e.Code = http.StatusNotFound, "not_found"
	case errors.Is(err, errUnknownToken):
		status, e.Code = http.StatusBadRequest, "unknown_token"
	case errors.Is(err, errAmount):
		status, e.Code = http.StatusUnprocessableEntity, "amount_too_large"
	case errors.Is(err, errCanceled):
		e.Code = "reference_canceled"
	case errors.Is(err, errTaken):
		e.Code = "reference_taken"
	case errors.Is(err, errState):
		e.Code = "unexpected_state"
	}
	rep := problem(status, e)
	rep.idle = status == http.StatusNotFound || status == http.StatusBadRequest // the others come of execution
	return rep
}

const maxAmount = 99_999_999_999

func isCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(strings.ToUpper(code), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// isWebURL allows no address at all, or one that a browser can open.
func isWebURL(address string) bool {
	if address == "" {
		return true
	}
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(address) <= 2048
}

// decode reads a JSON body; none at all counts as an empty object.
func decode(q *request, into any) (reply, bool) {
	if len(bytes.TrimSpace(q.body)) == 0 {
		return reply{}, true
	}
	decoder := json.NewDecoder(bytes.NewReader(q.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badRequest("parameter_invalid", "The body is not what it should be: "+err.Error()), false
	}
	return reply{}, true
}

// origin is the address under which the caller reached the sandbox.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
