package adyen

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 10

// exchange is one request to Adyen and what came of it.
type exchange struct {
	provider *Provider
	account  payments.Account
	trace    safehttp.Trace

	status int // 0: no answer
	header http.Header
	body   []byte
	fault  wireError // of an answer that reports an error
	err    error     // why there is no answer, or no whole one
}

// call sends one request; a key makes it safe to be sent again.
func (p *Provider) call(ctx context.Context, account payments.Account, path, key string, body any) *exchange {
	x := &exchange{provider: p, account: account}
	req, err := request(x.trace.Context(ctx), account, path, key, body)
	if err != nil {
		x.err = err
		return x
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
	if x.err == nil && x.status >= http.StatusBadRequest && json.Unmarshal(answer, &x.fault) != nil {
		x.fault = wireError{}
	}
	return x
}

func request(ctx context.Context, account payments.Account, path, key string, body any) (*http.Request, error) {
	base, err := endpoint(account)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("X-API-Key", account.Fields["api_key"])
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

// decode reads a good answer; the caller sees by its fields whether it is the
// one expected.
func decode[T any](x *exchange) (T, bool) {
	var answer T
	good := x.err == nil && (x.status == http.StatusOK || x.status == http.StatusCreated)
	if !good || json.Unmarshal(x.body, &answer) != nil {
		var none T
		return none, false
	}
	return answer, true
}

// isAdyen reports whether an error answer has Adyen's form, rather than that of
// something in between.
func (x *exchange) isAdyen() bool { return x.fault.ErrorCode != "" && x.fault.ErrorType != "" }

// about is what every result tells of its call.
func (x *exchange) about() payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.mask(string(x.body))}
	if x.header != nil {
		r.RequestID = x.mask(cmp.Or(x.header.Get("Pspreference"), x.fault.PSPReference))
		r.RetryAfter = safehttp.RetryAfter(x.header, x.provider.now())
	}
	return r
}

// mask makes text of the answer fit to be kept and shown.
func (x *exchange) mask(text string) string { return mask(x.account, text) }

func mask(account payments.Account, text string) string {
	return payments.MaskRaw([]byte(text), account.Fields["api_key"], account.Fields["hmac_key"])
}
