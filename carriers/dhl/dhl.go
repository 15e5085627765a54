// Package dhl follows parcels of all DHL divisions through DHL's Unified
// Tracking API (https://developer.dhl.com/api-reference/shipment-tracking).
package dhl

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place as a
// whole; "/shipments" is appended to either.
const host = "https://api-eu.dhl.com/track"

// demoNumber is the number that DHL's documentation uses.
const demoNumber = "7777777770"

// Carrier is DHL.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those of a new key: 250 calls a day, counted from midnight GMT, one
// a second and one parcel a call, which is asked for ten times a day.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: 1, PerSecond: 1, PerDay: 250, Least: 24 * time.Hour / 10}
}

// Track asks for one parcel after the other.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		body, failure := c.ask(ctx, account, parcel)
		if failure == nil {
			answers[i].Tracking, failure = parse(body, parcel)
		}
		answers[i].Err = failure
	}
	return answers
}

// Test asks for the documented demo number. That DHL does not know it is fine:
// the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	_, failure := c.ask(ctx, account, carriers.Parcel{Number: demoNumber})
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the DHL account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, parcel carriers.Parcel) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("api_key")
	if failure != nil {
		return nil, failure
	}
	key := fields[0]
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, "/shipments?"+query(parcel), nil)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("DHL-API-Key", key)
	body, failure := carriers.Call(c.client, request, key)
	if failure != nil && failure.Kind == carriers.ErrNotFound && !isProblem(failure.Raw) {
		// Another host's 404 must not look like an unknown parcel.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to DHL's tracking API"
	}
	return body, failure
}

// isProblem recognises DHL's error bodies.
func isProblem(body []byte) bool {
	var problem struct {
		Title string `json:"title"`
	}
	return json.Unmarshal(body, &problem) == nil && problem.Title != ""
}

// query is the question. The division, once known, must go along: another
// division may have a parcel of the same number.
func query(parcel carriers.Parcel) string {
	query := url.Values{"trackingNumber": {parcel.Number}, "language": {"en"}}
	if parcel.Service != "" {
		query.Set("service", parcel.Service)
	}
	if parcel.RecipientPostalCode != "" {
		query.Set("recipientPostalCode", parcel.RecipientPostalCode)
	}
	return query.Encode()
}
