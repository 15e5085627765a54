package alipay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 128 << 10

// exchange is one call and what came of it.
type exchange struct {
	*session

	trace  safehttp.Trace
	at     time.Time
	status int // 0: no answer
	header http.Header
	body   []byte
	err    error // why there is no answer, or no whole one

	// verified says that the answer is signed by Alipay; only then it is filled in.
	verified bool
	answer   answer
}

// call makes one call.
func (p *Provider) call(ctx context.Context, s *session, call string, business any, notifyURL string) *exchange {
	x := &exchange{session: s, at: p.now()}
	form, err := s.form(call, x.at, business, url.Values{"notify_url": {notifyURL}})
	if err != nil {
		x.err = err
		return x
	}
	// Alipay reads the body in the charset of the query.
	req, err := http.NewRequestWithContext(
		x.trace.Context(ctx), http.MethodPost, s.gateway+"?charset=utf-8", strings.NewReader(form.Encode()))
	if err != nil {
		x.err = fmt.Errorf("make request: %w", err)
		return x
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req) //nolint:bodyclose // ReadAll does
	if err != nil {
		x.err = err
		return x
	}
	x.status, x.header = resp.StatusCode, resp.Header
	body, cut, err := safehttp.ReadAll(resp, maxAnswer)
	x.body, x.err = body, err
	if cut {
		x.err = safehttp.ErrBodyTooLarge
	}
	if x.err == nil && !x.trace.Resent() { // one copy's answer proves nothing of the others
		x.read(strings.ReplaceAll(call, ".", "_") + "_response")
	}
	return x
}

// read takes the answer to the call apart. Its signature covers the bytes of the
// named member exactly as they came.
func (x *exchange) read(member string) {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(x.body, &envelope) != nil {
		return
	}
	signed, ok := envelope[member]
	if !ok {
		signed = envelope["error_response"] // of the gateway itself
	}
	var signature string
	if len(signed) == 0 || json.Unmarshal(envelope["sign"], &signature) != nil || verify(x.alipay, signed, signature) != nil {
		return
	}
	x.verified = json.Unmarshal(signed, &x.answer) == nil
}

// succeeded reports whether Alipay did, or told, what it was asked.
func (x *exchange) succeeded() bool { return x.verified && x.answer.Code == codeSuccess }

// noTrade reports whether Alipay says that it knows no such trade.
func (x *exchange) noTrade() bool {
	return x.verified && x.answer.Code == codeBusiness && x.answer.SubCode == subNotExist
}

// about is what every result tells of its call.
func (x *exchange) about() payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.mask(x.body)}
	if x.header != nil {
		r.RetryAfter = safehttp.RetryAfter(x.header, x.at)
	}
	return r
}

// lost says what a call means that brought no answer of Alipay's.
func (x *exchange) lost() payments.Result {
	r := x.about()
	switch {
	case !x.trace.Sent():
		r.Outcome, r.Code = payments.OutcomeNotSent, "unreachable"
		r.Message = "Alipay could not be reached: " + string(safehttp.Classify(x.err)) + "."
	case x.trace.Resent(), x.status == 0:
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "no_answer", "Alipay did not answer."
	case x.status == http.StatusUnauthorized, x.status == http.StatusForbidden:
		r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
		r.Code, r.Message = "access_refused", "Alipay's gateway refused access."
	case x.status == http.StatusTooManyRequests:
		r.Outcome, r.RateLimited = payments.OutcomeNotSent, true
		r.Code, r.Message = "rate_limit", "Alipay asked to slow down."
	case x.status == http.StatusOK && x.err == nil:
		r.Outcome, r.Code = payments.OutcomeUnknown, "answer_not_signed"
		r.Message = "The answer is not signed by Alipay, or not with the public key of the account."
	default:
		r.Outcome, r.Code = payments.OutcomeUnknown, "answer_unusable"
		r.Message = "Alipay's answer cannot be used: " + http.StatusText(x.status) + "."
	}
	return r
}

// unknown is the result of a look-up that failed: it proves nothing.
func (x *exchange) unknown() payments.Result {
	r := x.lost()
	if x.verified {
		r, _ = x.refusal(nil)
	}
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	return r
}
