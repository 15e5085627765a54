// Package canadapost follows parcels through Canada Post's tracking service
// (https://www.canadapost-postescanada.ca/info/mc/business/productsservices/developers/services/tracking/default.jsf).
package canadapost

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the service lives; an account's base URL takes its place, such
// as that of the development environment, https://ct.soa-gw.canadapost.ca.
const host = "https://soa-gw.canadapost.ca"

// demoNumber is a number that Canada Post's documentation uses.
const demoNumber = "7023210039414604"

// Carrier is Canada Post.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those of a new key: about 60 calls a minute. (Not seen in an
// answer yet.)
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: 1, PerSecond: 1}
}

// Track asks for one parcel after the other.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		body, failure := c.ask(ctx, account, parcel.Number)
		if failure == nil {
			answers[i].Tracking, failure = parse(body, parcel.Number)
		}
		answers[i].Err = failure
	}
	return answers
}

// Test asks for a documented number. That Canada Post does not know it is fine:
// the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, demoNumber)
	if failure == nil {
		_, failure = parse(body, demoNumber)
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the Canada Post account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, number string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("username", "password")
	if failure != nil {
		return nil, failure
	}
	username, password := fields[0], fields[1]
	path := "/vis/track/pin/" + url.PathEscape(number) + "/detail"
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
	if failure != nil {
		return nil, failure
	}
	request.SetBasicAuth(username, password)
	// The service refuses */* and wants its own type.
	request.Header.Set("Accept", "application/vnd.cpc.track-v2+xml")
	request.Header.Set("Accept-Language", "en-CA")
	basic := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	body, failure := carriers.Call(c.client, request, password, basic)
	if failure != nil {
		return nil, refined(failure)
	}
	return body, nil
}
