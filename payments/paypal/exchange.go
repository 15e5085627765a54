package paypal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer; an order takes about 5 KB, a page
// of webhooks some hundreds.
const maxAnswer = 1 << 20

// exchange is one request to PayPal and what came of it.
type exchange struct {
	account   payments.Account
	bearer    string
	tokenless bool // there was no access token, and so no request but the one for it
	trace     safehttp.Trace

	status int // 0: no answer
	header http.Header
	body   []byte
	fault  fault // of an answer that reports an error
	err    error // why there is no answer, or no whole one
}

// call sends one request; a key makes it safe to be sent again. A kept token
// that PayPal refuses is replaced once.
func (p *Provider) call(
	ctx context.Context, account payments.Account, method, path, key string, body any,
) *exchange {
	bearer, kept, failed := p.access(ctx, account, "")
	if failed != nil {
		return failed
	}
	x := p.callAs(ctx, account, bearer, method, path, key, body)
	if x.status != http.StatusUnauthorized || !kept || x.trace.Resent() {
		return x
	}
	if bearer, _, failed = p.access(ctx, account, bearer); failed != nil {
		return failed // the first request was refused: nothing was done
	}
	return p.callAs(ctx, account, bearer, method, path, key, body)
}

func (p *Provider) callAs(
	ctx context.Context, account payments.Account, bearer, method, path, key string, body any,
) *exchange {
	x := &exchange{account: account, bearer: bearer}
	var content []byte
	if raw, ok := body.([]byte); ok {
		content = raw
	} else if body != nil {
		if content, x.err = json.Marshal(body); x.err != nil {
			return x
		}
	}
	req, err := http.NewRequestWithContext(x.trace.Context(ctx), method, base(account)+path, bytes.NewReader(content))
	if err != nil {
		x.err = fmt.Errorf("make request: %w", err)
		return x
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Prefer", "return=representation")
	}
	if key != "" {
		req.Header.Set("PayPal-Request-Id", key)
	}
	x.send(p.client, req)
	return x
}

// send makes the request and reads the answer.
func (x *exchange) send(client *http.Client, req *http.Request) {
	resp, err := client.Do(req) //nolint:bodyclose // ReadAll does
	if err != nil {
		x.err = err
		return
	}
	x.status, x.header = resp.StatusCode, resp.Header
	body, cut, err := safehttp.ReadAll(resp, maxAnswer)
	x.body, x.err = body, err
	if cut {
		x.err = safehttp.ErrBodyTooLarge
	}
	if x.err == nil && x.status >= http.StatusBadRequest && json.Unmarshal(body, &x.fault) != nil {
		x.fault = fault{}
	}
}

// decode reads a good answer.
func (x *exchange) decode(into any) bool {
	return x.err == nil && (x.status == http.StatusOK || x.status == http.StatusCreated) && json.Unmarshal(x.body, into) == nil
}

// order reads an answer that is an order, of the given id unless it is empty.
func (x *exchange) order(id string) *order {
	var o order
	if !x.decode(&o) || o.ID == "" || o.Status == "" || id != "" && o.ID != id {
		return nil
	}
	return &o
}

// sent says whether PayPal may have got the request that this exchange is about.
func (x *exchange) sent() bool { return !x.tokenless && x.trace.Sent() }

// isPayPal reports whether an error answer has PayPal's form, rather than that
// of something in between.
func (x *exchange) isPayPal() bool { return plainCode.MatchString(x.fault.Name) }

var plainCode = regexp.MustCompile(`^[A-Z0-9_]{1,64}$`)

// issue is PayPal's code of what went wrong, or nothing.
func (x *exchange) issue() string {
	if len(x.fault.Details) > 0 && plainCode.MatchString(x.fault.Details[0].Issue) {
		return x.fault.Details[0].Issue
	}
	if x.isPayPal() {
		return x.fault.Name
	}
	return ""
}

// said is PayPal's own message.
func (x *exchange) said() string {
	text := x.fault.Message
	if len(x.fault.Details) > 0 && x.fault.Details[0].Description != "" {
		text = x.fault.Details[0].Description
	}
	if text == "" {
		text = http.StatusText(x.status)
	}
	return x.mask([]byte(text))
}

// mask makes text of the answer fit to be kept and shown.
func (x *exchange) mask(text []byte) string {
	id, secret := x.account.Fields["client_id"], x.account.Fields["client_secret"]
	return payments.MaskRaw(text, x.bearer, base64.StdEncoding.EncodeToString([]byte(id+":"+secret)), secret)
}
