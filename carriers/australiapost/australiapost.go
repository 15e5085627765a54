// Package australiapost follows parcels through Australia Post's Shipping and
// Tracking API (https://developers.auspost.com.au/apis/shipping-and-tracking).
package australiapost

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place, such as
// that of the test environment, https://digitalapi.auspost.com.au/test.
const host = "https://digitalapi.auspost.com.au"

// batch is how many parcels one call may ask for.
const batch = 10

// demoNumber has the form of a number, and is nobody's.
const demoNumber = "7XX1000"

// Carrier is Australia Post.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are ten parcels a call and ten calls a minute. (The latter is often
// quoted and not seen in an answer yet.)
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 10.0 / 60}
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
		// One odd number must not cost the others.
		answers := make([]carriers.Answer, 0, len(parcels))
		for i := range parcels {
			answers = append(answers, c.track(ctx, account, parcels[i:i+1])...)
		}
		return answers
	}
	return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
}

// Test asks for a number that is nobody's. That Australia Post does not know it
// is fine: the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, []string{demoNumber})
	if failure == nil {
		_, failure = parse(body, nil)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the Australia Post account: %w", failure)
	}
	return carriers.Probe{}, nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("api_key", "password", "account_number")
	if failure != nil {
		return nil, failure
	}
	key, password, customer := fields[0], fields[1], fields[2]
	ids := make([]string, len(numbers))
	for i, number := range numbers {
		ids[i] = url.QueryEscape(number)
	}
	path := "/shipping/v1/track?tracking_ids=" + strings.Join(ids, ",")
	request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
	if failure != nil {
		return nil, failure
	}
	request.SetBasicAuth(key, password)
	request.Header.Set("Account-Number", customer)
	basic := base64.StdEncoding.EncodeToString([]byte(key + ":" + password))
	body, failure := carriers.Call(c.client, request, key, password, basic)
	if failure != nil {
		return nil, refined(failure)
	}
	return body, nil
}
