package wechat

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer; a trade takes about 1 KB.
const maxAnswer = 64 << 10

// exchange is one request to WeChat Pay and what came of it.
type exchange struct {
	merchant *merchant
	trace    safehttp.Trace
	at       time.Time

	status int // 0: no answer
	header http.Header
	body   []byte
	fault  wireError // of an answer that reports an error
	err    error     // why there is no answer, or no whole one
	doubt  error     // why the answer may not be WeChat Pay's
}

// call sends one request, signed, and verifies the answer. WeChat Pay signs
// every answer to a request whose own signature is right, errors included.
func (p *Provider) call(ctx context.Context, m *merchant, method, target string, body any) *exchange {
	x := &exchange{merchant: m, at: p.now()}
	req, err := x.request(ctx, method, target, body)
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
	if x.err != nil {
		return x
	}
	x.doubt = m.verify(x.header, x.body, p.now())
	if json.Unmarshal(x.body, &x.fault) != nil || x.status/100 == 2 && x.status != http.StatusAccepted {
		x.fault = wireError{}
	}
	return x
}

func (x *exchange) request(ctx context.Context, method, target string, body any) (*http.Request, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	authorization, err := x.merchant.sign(method, target, x.at, rand.Text(), text)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(x.trace.Context(ctx), method, x.merchant.base+target, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", safehttp.DefaultUserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Wechatpay-Serial", x.merchant.platformID) // which of its keys WeChat Pay is to sign with [unverified]
	return req, nil
}

// trusted says whether the answer is whole and WeChat Pay's own.
func (x *exchange) trusted() bool { return x.status != 0 && x.err == nil && x.doubt == nil }

// says reports whether WeChat Pay itself answered with one of the codes.
func (x *exchange) says(codes []string) bool {
	return x.trusted() && slices.Contains(codes, x.fault.Code)
}

// decode reads a good answer.
func (x *exchange) decode(into any) bool {
	return x.trusted() && x.status == http.StatusOK && json.Unmarshal(x.body, into) == nil
}

// about is what every result tells of its call.
func (x *exchange) about() payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.merchant.mask(x.body)}
	if x.header != nil {
		r.RequestID = x.merchant.mask([]byte(x.header.Get("Request-Id")))
		r.RetryAfter = safehttp.RetryAfter(x.header, x.at)
	}
	return r
}

// unknown is the result of a call that proves nothing.
func (x *exchange) unknown() payments.Result {
	r := x.refused()
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	return r
}
