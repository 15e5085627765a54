// Package dhlparcelde follows parcels of DHL's German parcel service for its
// business customers through the Parcel DE Tracking API, which tells more than
// the Unified one
// (https://developer.dhl.com/api-reference/dhl-parcel-de-shipment-tracking-post-parcel-germany).
package dhlparcelde

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place, such as
// that of the sandbox, https://api-sandbox.dhl.com.
const host = "https://api-eu.dhl.com"

// batch is how many parcels one call may ask for.
const batch = 20

// demoNumber is a number of DHL's sandbox.
const demoNumber = "00340434161094015902"

// Carrier is DHL's German parcel service.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are cautious: DHL grants them to each app by itself. (Not seen in an
// answer yet.)
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 1, PerDay: 1000}
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
	if len(parcels) > 1 && failure.Kind == carriers.ErrBadRequest {
		// One number with a wrong check digit must not cost the others.
		answers := make([]carriers.Answer, 0, len(parcels))
		for i := range parcels {
			answers = append(answers, c.track(ctx, account, parcels[i:i+1])...)
		}
		return answers
	}
	return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
}

// Test asks for a number of the sandbox. That DHL does not know it is fine: the
// credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, []string{demoNumber})
	if failure == nil {
		_, failure = parse(body, nil)
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the DHL Parcel DE account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("api_key", "username", "password")
	if failure != nil {
		return nil, failure
	}
	login := credentials{app: fields[0], username: fields[1], password: fields[2]}
	path := "/parcel/de/tracking/v0/shipments?" + login.question(numbers)
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
	if failure != nil {
		return nil, failure
	}
	key, secret := login.gateway()
	request.SetBasicAuth(key, secret)
	request.Header.Set("DHL-API-Key", key)
	request.Header.Set("Accept", "application/xml")
	body, failure := carriers.Call(c.client, request, login.secrets()...)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside an answer; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to DHL's Parcel DE Tracking API"
	}
	return body, failure
}
