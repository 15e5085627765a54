// Package usps follows parcels through the USPS Tracking API v3
// (https://developers.usps.com).
package usps

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives; https://apis-tem.usps.com is its test system.
const host = "https://apis.usps.com"

// testNumber has the form of a label that nobody has.
const testNumber = "9400100000000000000000"

// Carrier is USPS.
type Carrier struct {
	client *http.Client
	tokens carriers.Tokens
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those of an app that has asked for no more: 60 calls an hour. Those
// for tokens count, three a day and some for tests.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: 1, PerSecond: 1.0 / 60, PerDay: 60*24 - 20}
}

// Track asks for one parcel after the other.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	fetch := func() (carriers.Token, *carriers.Error) {
		token, _, failure := c.token(ctx, account)
		return token, failure
	}
	for i, parcel := range parcels {
		body, failure := c.ask(ctx, account, parcel.Number, fetch)
		if failure == nil {
			answers[i].Tracking, failure = parse(body, parcel.Number)
		}
		answers[i].Err = failure
	}
	return answers
}

// Test gets a token, which says what the app may do, and asks for a number that
// is not this app's: that USPS does not show it is fine.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	var probe carriers.Probe
	fetch := func() (carriers.Token, *carriers.Error) {
		token, scopes, failure := c.token(ctx, account)
		probe.Scopes = scopes
		return token, failure
	}
	// A carrier that keeps no token yet has to get one.
	body, failure := New(c.client).ask(ctx, account, testNumber, fetch)
	if failure == nil {
		_, failure = parse(body, "")
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound || failure.Kind == carriers.ErrForbidden || failure.Message == badNumber {
		return probe, nil
	}
	return probe, fmt.Errorf("test the USPS account: %w", failure)
}

func (c *Carrier) ask(
	ctx context.Context, account carriers.Account, number string, fetch func() (carriers.Token, *carriers.Error),
) ([]byte, *carriers.Error) {
	return c.tokens.With(ctx, account, fetch, func(token string) ([]byte, *carriers.Error) {
		path := "/tracking/v3/tracking/" + url.PathEscape(number) + "?expand=DETAIL"
		request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
		if failure != nil {
			return nil, failure
		}
		request.Header.Set("Authorization", "Bearer "+token)
		body, failure := carriers.Call(c.client, request, append(secrets(account), token)...)
		return body, refine(failure)
	})
}
