// Package royalmail follows parcels through the Royal Mail Tracking API v2
// (https://developer.royalmail.net).
package royalmail

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place as a whole.
const host = "https://api.royalmail.net"

// testNumber is the one of the documentation.
const testNumber = "FQ087430672GB"

// Carrier is Royal Mail.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are a guess on the safe side: an app's plan sets them. A call asks for
// one number.
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

// Test asks for a number of the documentation. That Royal Mail does not know it
// is fine: the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, testNumber)
	if failure == nil {
		_, failure = pieces(body)
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the Royal Mail account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, number string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("client_id", "client_secret")
	if failure != nil {
		return nil, failure
	}
	path := "/mailpieces/v2/" + url.PathEscape(number) + "/events"
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("X-IBM-Client-Id", fields[0])
	request.Header.Set("X-IBM-Client-Secret", fields[1])
	request.Header.Set("X-Accept-RMG-Terms", "yes") // without it every question is refused
	body, failure := carriers.Call(c.client, request, fields[1])
	return body, refine(failure)
}
