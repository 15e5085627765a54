// Package shippo follows parcels of many carriers through Shippo's Tracking API
// (https://docs.goshippo.com/docs/tracking/tracking/).
package shippo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place as a whole;
// "/tracks/" is appended to either.
const host = "https://api.goshippo.com"

// The parcel and the carrier that Shippo keeps for tests.
const (
	testCarrier = "shippo"
	testNumber  = "SHIPPO_TRANSIT"
)

// Carrier is Shippo.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those of a test token: 50 calls a minute. A live one may make 500
// (https://docs.goshippo.com/docs/api_concepts/ratelimits).
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: 1, PerSecond: 0.8}
}

// Track asks for one parcel after the other.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		body, failure := c.question(ctx, account, parcel)
		if failure == nil {
			answers[i].Tracking, failure = parse(body)
		}
		answers[i].Err = failure
	}
	return answers
}

// question has Shippo follow a new parcel, from when on it sends webhooks, and
// reads one that it follows: registered twice, it would tell of everything twice.
func (c *Carrier) question(ctx context.Context, account carriers.Account, parcel carriers.Parcel) ([]byte, *carriers.Error) {
	if parcel.Service != "" {
		path := "/tracks/" + url.PathEscape(parcel.Service) + "/" + url.PathEscape(parcel.Number)
		return c.ask(ctx, account, http.MethodGet, path, nil)
	}
	if _, failure := account.Needs("token"); failure != nil {
		return nil, failure
	}
	token := tokens[parcel.Carrier]
	if strings.HasPrefix(parcel.Number, "SHIPPO_") {
		token = testCarrier
	}
	if token == "" {
		return nil, &carriers.Error{
			Kind: carriers.ErrBadRequest, Message: "Shippo must be told who carries the parcel, and it knows no such carrier",
		}
	}
	return c.ask(ctx, account, http.MethodPost, "/tracks/", url.Values{"carrier": {token}, "tracking_number": {parcel.Number}})
}

// Test asks for the test parcel. That Shippo does not show it to a live token is
// fine: the token was accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	_, failure := c.ask(ctx, account, http.MethodGet, "/tracks/"+testCarrier+"/"+testNumber, nil)
	if failure == nil || failure.Kind == carriers.ErrNotFound ||
		failure.Kind == carriers.ErrBadRequest && failure.HTTPStatus == http.StatusBadRequest && isProblem(failure.Raw) {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the Shippo account: %w", failure)
}

// ask sends one question; a nil form sends none.
func (c *Carrier) ask(
	ctx context.Context, account carriers.Account, method, path string, form url.Values,
) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("token")
	if failure != nil {
		return nil, failure
	}
	var sent []byte
	if form != nil {
		sent = []byte(form.Encode())
	}
	request, failure := carriers.NewRequest(ctx, method, account, host, path, sent)
	if failure != nil {
		return nil, failure
	}
	if sent != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header.Set("Authorization", "ShippoToken "+fields[0])
	body, failure := carriers.Call(c.client, request, fields[0])
	if failure != nil {
		return nil, refine(failure)
	}
	return body, nil
}

// refine tells what Shippo says of an error. Its bodies are objects of words by
// field, and have no codes.
func refine(failure *carriers.Error) *carriers.Error {
	if failure.Kind == carriers.ErrNotFound && !isProblem(failure.Raw) {
		// Another host's 404 must not look like an unknown parcel.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to Shippo's API"
	}
	var problem struct {
		Detail text `json:"detail"`
	}
	if json.Unmarshal(failure.Raw, &problem) == nil && problem.Detail != "" {
		failure.Message = "Shippo: " + carriers.Text(string(problem.Detail), carriers.MaxLocation)
	}
	return failure
}

// isProblem recognises Shippo's error bodies.
func isProblem(body []byte) bool {
	var problem map[string]json.RawMessage
	return json.Unmarshal(body, &problem) == nil && len(problem) > 0
}
