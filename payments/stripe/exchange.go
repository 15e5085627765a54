package stripe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxAnswer bounds what is read of an answer; a payment intent with its charge
// takes about 10 KB, and a page of events up to a hundred times that.
const maxAnswer = 2 << 20

var (
	errNotStripe = errors.New("the answer is not Stripe's")
	errTooLong   = errors.New("the answer is too long")
)

// exchange is one call of Stripe's API. It stands below the SDK, as its
// transport, to see what the SDK does not tell: whether the request may have
// been written, and what exactly came back.
type exchange struct {
	account payments.Account
	next    http.RoundTripper
	trace   safehttp.Trace

	status int // 0: no answer
	header http.Header
	body   []byte
	fault  wireError // of an answer that reports an error
	err    error     // why there is no result, or nil
}

// wireError is the error object with the fields that the SDK's lacks.
type wireError struct {
	Type          string `json:"type"`
	Code          string `json:"code"`
	DeclineCode   string `json:"decline_code"`
	AdviceCode    string `json:"advice_code"`
	NetworkCode   string `json:"network_decline_code"`
	NetworkAdvice string `json:"network_advice_code"`
	Message       string `json:"message"`

	PaymentIntent *stripe.PaymentIntent `json:"payment_intent"`
}

func newExchange(account payments.Account) *exchange { return &exchange{account: account} }

// api returns Stripe's SDK with everything of its own switched off: retries,
// telemetry, logging, global settings.
func (x *exchange) api(client *http.Client) *stripe.Client {
	x.next = client.Transport
	traced := *client
	traced.Transport = x
	traced.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	origin, _, err := base(x.account)
	if err != nil {
		origin = "http://invalid.invalid" // Provider.check and Provider.Test have refused it before
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(origin),
		HTTPClient:        &traced,
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   new(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return stripe.NewClient(x.account.Fields["secret_key"], stripe.WithBackends(&stripe.Backends{API: backend}))
}

// base splits the account's address into what the SDK takes, and the path,
// which the SDK would trip over.
func base(account payments.Account) (origin, path string, err error) {
	if account.BaseURL == "" {
		return stripe.APIURL, "", nil
	}
	u, err := url.Parse(account.BaseURL)
	if err != nil {
		return "", "", fmt.Errorf("base address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", errors.New("base address: not a web address")
	}
	return u.Scheme + "://" + u.Host, strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1"), nil
}

// RoundTrip sends the SDK's request and keeps the answer.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	_, path, err := base(x.account)
	if err != nil {
		return nil, err
	}
	req = req.Clone(x.trace.Context(req.Context()))
	req.URL.Path = path + req.URL.Path
	req.Header.Set("User-Agent", safehttp.DefaultUserAgent) // the SDK's tells of the machine
	req.Header.Del("X-Stripe-Client-User-Agent")            // likewise
	resp, err := x.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	body, cut, err := safehttp.ReadAll(resp, maxAnswer)
	x.body = body
	if err == nil && cut {
		err = errTooLong
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// finish takes note of what the SDK made of the answer, which is to be the named object.
func (x *exchange) finish(err error, object string) {
	x.err = err
	var answer struct {
		Object string    `json:"object"`
		Error  wireError `json:"error"`
	}
	if json.Unmarshal(x.body, &answer) != nil {
		answer.Object, answer.Error = "", wireError{}
	}
	if err != nil {
		x.fault = answer.Error
	} else if x.status >= http.StatusMultipleChoices || answer.Object != object {
		x.err = errNotStripe
	}
}

// isStripe reports whether an error answer has Stripe's form, rather than that
// of something in between.
func (x *exchange) isStripe() bool { return x.fault.Type != "" }

// replayed reports whether the answer is the one that Stripe kept for the key.
func (x *exchange) replayed() bool { return x.header.Get("Idempotent-Replayed") == "true" }

// replayedError reports whether it is a failure of Stripe's own, which it
// answers again for as long as it keeps the key.
func (x *exchange) replayedError() bool {
	return x.replayed() && x.status >= http.StatusInternalServerError
}

// mask makes text of the answer fit to be kept and shown.
func (x *exchange) mask(text []byte) string {
	return payments.MaskRaw(text, x.account.Fields["secret_key"], x.account.Fields["webhook_secret"])
}
