package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// busyWait is how long to wait before asking again for what is under way.
const busyWait = 2 * time.Second

// exchange is one request to the sandbox and what came of it.
type exchange struct {
	account payments.Account
	trace   safehttp.Trace

	status int // 0: no answer
	header http.Header
	body   []byte
	fault  wireError // of an answer that reports an error
	err    error     // why there is no answer, or no whole one
}

type wireError struct {
	Type        string      `json:"type"`
	Code        string      `json:"code"`
	NetworkCode string      `json:"network_decline_code"`
	Advice      string      `json:"advice_code"`
	Message     string      `json:"message"`
	Object      *wireCharge `json:"object"`
}

func newExchange(account payments.Account) *exchange { return &exchange{account: account} }

// call sends one request; a key makes it safe to be sent again.
func (p *Provider) call(
	ctx context.Context, account payments.Account, method, path, key string, body any,
) *exchange {
	x := newExchange(account)
	req, err := request(x.trace.Context(ctx), account, method, path, body)
	if err != nil {
		x.err = err
		return x
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := p.client.Do(req) //nolint:bodyclose // ReadAll does
	if err != nil {
		x.err = err
		return x
	}
	x.status, x.header = resp.StatusCode, resp.Header
	answer, cut, err := safehttp.ReadAll(resp, maxAnswer)
	x.body, x.err = answer, err
	if cut {
		x.err = safehttp.ErrBodyTooLarge
	}
	if x.err == nil && x.status >= http.StatusBadRequest {
		var report struct {
			Error wireError `json:"error"`
		}
		if json.Unmarshal(answer, &report) == nil {
			x.fault = report.Error
		}
	}
	return x
}

func request(ctx context.Context, account payments.Account, method, path string, body any) (*http.Request, error) {
	base := cmp.Or(account.BaseURL, DefaultBaseURL)
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the account's base address is not a web address")
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+account.Fields["secret_key"])
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// decode reads a good answer of the expected kind of object.
func (x *exchange) decode(object string, into any) bool {
	var kind struct {
		Object string `json:"object"`
	}
	return x.err == nil && x.status == http.StatusOK && json.Unmarshal(x.body, &kind) == nil && kind.Object == object &&
		json.Unmarshal(x.body, into) == nil
}

// failed says what a charging request means that gave no charge.
func (x *exchange) failed() payments.Result {
	r := x.about()
	r.Code = x.fault.Code
	switch {
	case x.status == http.StatusPaymentRequired && x.fault.Type == "card_error":
		x.refuse(&r, &wireFailure{
			Code: x.fault.Code, NetworkCode: x.fault.NetworkCode, Advice: x.fault.Advice, Message: x.fault.Message,
		})
		if x.fault.Object != nil {
			r.ProviderReference = x.fault.Object.ID
		}
	case !x.trace.Sent():
		r.Outcome, r.Code = payments.OutcomeNotSent, "unreachable"
		r.Message = "The sandbox could not be reached: " + string(safehttp.Classify(x.err)) + "."
	case x.trace.Resent(), x.status == 0:
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "no_answer", "The sandbox did not answer."
	default:
		x.answered(&r)
	}
	return r
}

// answered says what an answer means that is neither a charge nor a refusal.
func (x *exchange) answered(r *payments.Result) {
	r.Outcome, r.Message = payments.OutcomeUnknown, "The sandbox's answer cannot be used: "+http.StatusText(x.status)+"."
	switch x.status {
	case http.StatusBadRequest, http.StatusNotFound:
		if x.fault.Type == "idempotency_error" {
			r.Code, r.Message = x.fault.Type, "The sandbox knows this attempt with other details."
			return
		}
		r.Outcome = payments.OutcomeNotSent
		r.Message = "The sandbox refused the request: " + x.mask([]byte(cmp.Or(x.fault.Message, http.StatusText(x.status))))
	case http.StatusUnauthorized, http.StatusForbidden:
		r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "credentials_refused"), "The sandbox refused the account's secret key."
	case http.StatusTooManyRequests:
		r.Outcome, r.RateLimited = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "rate_limit"), "The sandbox asked to slow down."
	case http.StatusConflict:
		if x.fault.Code == "reference_canceled" {
			r.Outcome, r.Message = payments.OutcomeNotSent, "The charge was canceled before it was made."
			return
		}
		r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
		r.Message = "The sandbox is still at an earlier request for this attempt."
	}
}

// unknown is the result of a look-up that failed: it proves nothing.
func (x *exchange) unknown() payments.Result {
	r := x.failed()
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	return r
}

// about is what every result tells of its call.
func (x *exchange) about() payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.mask(x.body)}
	if x.header != nil {
		r.RequestID = x.mask([]byte(x.header.Get("Request-Id")))
		r.RetryAfter = safehttp.RetryAfter(x.header, time.Now())
	}
	return r
}

func (x *exchange) mask(text []byte) string {
	return payments.MaskRaw(text, x.account.Fields["secret_key"], x.account.Fields["webhook_secret"])
}
