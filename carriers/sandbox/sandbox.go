// Package sandbox follows parcels at the sandbox carrier, which `tillpost
// sandbox` runs: it answers for several numbers in one call.
package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where `tillpost sandbox` listens unless told otherwise; an account's
// base URL takes its place. "/carrier/v1/parcels" is appended to either.
const host = "http://127.0.0.1:8090"

const batch = 20

// Carrier is the sandbox carrier.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are generous: the sandbox is there to be used.
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

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	numbers := make([]string, len(parcels))
	for i, parcel := range parcels {
		numbers[i] = parcel.Number
	}
	body, failure := c.ask(ctx, account, numbers)
	if failure == nil {
		var found []carriers.Answer
		if found, failure = parse(body, numbers); failure == nil {
			return found
		}
	}
	answers := make([]carriers.Answer, len(parcels))
	for i := range answers {
		answers[i].Err = failure
	}
	return answers
}

// Test asks for no parcel, which needs credentials all the same.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, nil)
	if failure == nil {
		_, failure = parse(body, nil)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the sandbox carrier account: %w", failure)
	}
	return carriers.Probe{}, nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("token")
	if failure != nil {
		return nil, failure
	}
	token := fields[0]
	query := url.Values{"numbers": {strings.Join(numbers, ",")}}
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, "/carrier/v1/parcels?"+query.Encode(), nil)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("Authorization", "Bearer "+token)
	body, failure := carriers.Call(c.client, request, token)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside a 200; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to a sandbox carrier"
	}
	return body, failure
}
