// Package ups follows parcels through the UPS Track API
// (https://github.com/UPS-API/api-documentation).
package ups

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives; https://wwwcie.ups.com is its test system.
const host = "https://onlinetools.ups.com"

// testNumber is the number that UPS documents for tests.
const testNumber = "1ZCIETST0111111114"

// Carrier is UPS.
type Carrier struct {
	client *http.Client
	tokens carriers.Tokens
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are a guess on the safe side: UPS throttles without saying where the
// limit is. A call asks for one number.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: 1, PerSecond: 2}
}

// Track asks for one parcel after the other.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		body, failure := c.ask(ctx, account, parcel.Number)
		if failure == nil {
			answers[i].Tracking, failure = parse(body, parcel)
		}
		answers[i].Err = failure
	}
	return answers
}

// Test gets a token and asks for a test number. That UPS does not know that is
// fine: the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	failure := c.Track(ctx, account, []carriers.Parcel{{Number: testNumber}})[0].Err
	if failure == nil || failure.Kind == carriers.ErrNotFound || failure.Message == badNumber {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the UPS account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, number string) ([]byte, *carriers.Error) {
	fetch := func() (carriers.Token, *carriers.Error) { return c.token(ctx, account) }
	return c.tokens.With(ctx, account, fetch, func(token string) ([]byte, *carriers.Error) {
		query := url.Values{
			"locale": {"en_US"}, "returnSignature": {"false"}, "returnMilestones": {"false"}, "returnPOD": {"false"},
		}
		path := "/api/track/v1/details/" + url.PathEscape(number) + "?" + query.Encode()
		request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
		if failure != nil {
			return nil, failure
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("transId", rand.Text())
		request.Header.Set("transactionSrc", "tillpost")
		body, failure := carriers.Call(c.client, request, append(secrets(account), token)...)
		return body, refine(failure)
	})
}
