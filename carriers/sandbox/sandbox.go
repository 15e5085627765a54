// Package sandbox follows parcels at the sandbox carrier, which `tillpost
// sandbox` runs: it answers for several numbers in one call.
package sandbox

import (
	"context"
	"errors"
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
func (c *Carrier) Test(ctx context.Context, account carriers.Account) error {
	body, failure := c.ask(ctx, account, nil)
	if failure == nil {
		_, failure = parse(body, nil)
	}
	if failure != nil {
		return fmt.Errorf("test the sandbox carrier account: %w", failure)
	}
	return nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	token := strings.TrimSpace(account.Fields["token"])
	if token == "" {
		return nil, &carriers.Error{Kind: carriers.ErrAuth, Message: "the account has no token"}
	}
	request, err := newRequest(ctx, account.BaseURL, numbers)
	if err != nil {
		return nil, &carriers.Error{Kind: carriers.ErrBadRequest, Message: err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	body, failure := carriers.Call(c.client, request, token)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside a 200; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to a sandbox carrier"
	}
	return body, failure
}

func newRequest(ctx context.Context, base string, numbers []string) (*http.Request, error) {
	if base == "" {
		base = host
	}
	query := url.Values{"numbers": {strings.Join(numbers, ",")}}
	address := strings.TrimRight(base, "/") + "/carrier/v1/parcels?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil || request.URL.Host == "" {
		return nil, errors.New("the account's base URL is not a web address")
	}
	request.Header.Set("Accept", "application/json")
	return request, nil
}
