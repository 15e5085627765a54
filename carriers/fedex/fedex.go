// Package fedex follows parcels through the FedEx Track API
// (https://developer.fedex.com).
package fedex

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives; https://apis-sandbox.fedex.com is its test system.
const host = "https://apis.fedex.com"

// batch is how many numbers one call may ask for.
const batch = 30

// testNumber is one that FedEx's documentation uses.
const testNumber = "123456789012"

// Carrier is FedEx.
type Carrier struct {
	client *http.Client
	tokens carriers.Tokens
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits stay far below the 1,400 calls in ten seconds at which FedEx shuts a
// project out. The daily quota is each project's own.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 10}
}

// Track asks for up to a batch of parcels in one call.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, 0, len(parcels))
	for chunk := range slices.Chunk(parcels, batch) {
		answers = append(answers, c.track(ctx, account, chunk)...)
	}
	return answers
}

// track asks once. When FedEx refuses the question as a whole, one number in it
// may be at fault: its halves are asked on their own.
func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	found, failure := c.ask(ctx, account, parcels)
	if failure != nil && failure.Kind == carriers.ErrBadRequest && failure.HTTPStatus != 0 && len(parcels) > 1 {
		half := len(parcels) / 2
		return append(c.track(ctx, account, parcels[:half]), c.track(ctx, account, parcels[half:])...)
	}
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		if answers[i].Err = failure; failure == nil {
			answers[i] = found.answer(parcel)
		}
	}
	return answers
}

// Test gets a token and asks for a number of the documentation. That FedEx does
// not know it is fine: the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	_, failure := c.ask(ctx, account, []carriers.Parcel{{Number: testNumber}})
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the FedEx account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) (results, *carriers.Error) {
	q := question{IncludeDetailedScans: true}
	for _, parcel := range parcels {
		q.TrackingInfo = append(q.TrackingInfo, trackingInfo{numberInfo{parcel.Number}})
	}
	content, err := json.Marshal(q)
	if err != nil {
		return nil, &carriers.Error{Kind: carriers.ErrBadRequest, Message: "the numbers cannot be written as JSON"}
	}
	fetch := func() (carriers.Token, *carriers.Error) { return c.token(ctx, account) }
	body, failure := c.tokens.With(ctx, account, fetch, func(token string) ([]byte, *carriers.Error) {
		request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, "/track/v1/trackingnumbers", content)
		if failure != nil {
			return nil, failure
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Locale", "en_US")
		request.Header.Set("X-Customer-Transaction-Id", rand.Text())
		body, failure := carriers.Call(c.client, request, append(secrets(account), token)...)
		return body, refine(failure)
	})
	if failure != nil {
		return nil, failure
	}
	return read(body)
}
