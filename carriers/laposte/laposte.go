// Package laposte follows parcels and letters through La Poste's Suivi API,
// version 2 (https://developer.laposte.fr/products/suivi/2).
package laposte

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives; an account's base URL takes its place.
const host = "https://api.laposte.fr"

// batch is how many parcels one call may ask for. (Not seen in an answer yet.)
const batch = 10

// demoNumber is a number that La Poste's documentation uses.
const demoNumber = "LU680211095FR"

// Carrier is La Poste.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits stay below the 100 calls a minute of a free key. (Not seen in an answer
// yet.)
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 1}
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
	found, failure := c.ask(ctx, account, numbers)
	if failure == nil {
		return found
	}
	if len(parcels) > 1 && failure.Kind == carriers.ErrBadRequest {
		// One number without a form of La Poste's must not cost the others.
		answers := make([]carriers.Answer, 0, len(parcels))
		for i := range parcels {
			answers = append(answers, c.track(ctx, account, parcels[i:i+1])...)
		}
		return answers
	}
	return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
}

// Test asks for a documented number. That La Poste does not know it is fine: the
// key was accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	found, failure := c.ask(ctx, account, []string{demoNumber})
	if failure == nil {
		failure = found[0].Err
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the La Poste account: %w", failure)
}

// ask returns one answer for each number, or why the whole question failed.
func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]carriers.Answer, *carriers.Error) {
	fields, failure := account.Needs("api_key")
	if failure != nil {
		return nil, failure
	}
	key := fields[0]
	ids := make([]string, len(numbers))
	for i, number := range numbers {
		ids[i] = url.PathEscape(number)
	}
	path := "/suivi/v2/idships/" + strings.Join(ids, ",") + "?lang=fr_FR"
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("X-Okapi-Key", key)
	body, failure := carriers.Call(c.client, request, key)
	if failure == nil {
		return parse(body, numbers, http.StatusOK)
	}
	if failure.Kind != carriers.ErrNotFound && failure.Kind != carriers.ErrBadRequest {
		return nil, failure
	}
	// What La Poste says of one number is the HTTP status as well.
	answers, told := parse(failure.Raw, numbers, failure.HTTPStatus)
	switch {
	case told == nil:
		return answers, nil
	case told.Kind != carriers.ErrMalformed:
		return nil, told
	case failure.Kind == carriers.ErrNotFound: // another host's must not look like an unknown parcel
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to La Poste's tracking API"
	}
	return nil, failure
}
