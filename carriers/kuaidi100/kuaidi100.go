// Package kuaidi100 follows parcels of Chinese and other carriers through
// Kuaidi100's query, subscription and push (https://api.kuaidi100.com/document).
package kuaidi100

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// Where Kuaidi100 lives. An account's base URL takes the place of both hosts;
// the paths are appended to either.
const (
	host          = "https://poll.kuaidi100.com"
	detectHost    = "https://www.kuaidi100.com"
	queryPath     = "/poll/query.do"
	subscribePath = "/poll"
	detectPath    = "/autonumber/auto"
)

// testNumber has the form of a number and belongs to nobody.
const testNumber = "YT0000000000000"

// Carrier is Kuaidi100.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those of the query, which is meant for people who click: about one
// a second. What an account may ask a day is what it has paid for.
func (*Carrier) Limits() carriers.Limits { return carriers.Limits{Batch: 1, PerSecond: 1} }

// Track asks for one parcel after the other. The first question about a parcel
// subscribes to its news too where they can be received; subscribing again does
// no harm, so a subscription whose note was lost is asked for once more.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		answers[i].Tracking, answers[i].Err = c.track(ctx, account, parcel)
	}
	return answers
}

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcel carriers.Parcel) (*carriers.Tracking, *carriers.Error) {
	if _, failure := account.Needs("customer", "key"); failure != nil {
		return nil, failure
	}
	known := readService(parcel.Service)
	if known.company == "" {
		var failure *carriers.Error
		if known.company, failure = c.company(ctx, account, parcel); failure != nil {
			return nil, failure
		}
	}
	if !known.subscribed && account.CallbackURL != "" && strings.TrimSpace(account.Fields["salt"]) != "" {
		failure := c.subscribe(ctx, account, parcel, known.company)
		if failure != nil && failure.Kind == carriers.ErrAuth {
			return nil, failure
		}
		known.subscribed = failure == nil // else the query answers, and the next one tries again
	}
	body, failure := c.query(ctx, account, parcel, known.company)
	if failure != nil {
		return nil, failure
	}
	return parse(body, parcel.Number, known)
}

// Test asks for a number that nobody has. That Kuaidi100 knows nothing of it is
// fine: the signature was accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.query(ctx, account, carriers.Parcel{Number: testNumber}, "yuantong")
	if failure == nil {
		_, failure = open(body)
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the Kuaidi100 account: %w", failure)
}

// query asks what is known of a parcel now.
func (c *Carrier) query(ctx context.Context, account carriers.Account, parcel carriers.Parcel, company string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("customer", "key")
	if failure != nil {
		return nil, failure
	}
	customer, key := fields[0], fields[1]
	param := encode(question{
		Company: company, Number: parcel.Number, Phone: parcel.RecipientPhoneLast4, Detail: detail, Show: "0", Order: "desc",
	})
	signature := sign(param + key + customer)
	return c.post(ctx, account, queryPath, url.Values{"customer": {customer}, "sign": {signature}, "param": {param}}, key, signature)
}

// subscribe asks to be told of a parcel's news. That it was asked for before is
// as good as success.
func (c *Carrier) subscribe(ctx context.Context, account carriers.Account, parcel carriers.Parcel, company string) *carriers.Error {
	fields, failure := account.Needs("key", "salt")
	if failure != nil {
		return failure
	}
	key, salt := fields[0], fields[1]
	param := encode(subscription{
		Company: company, Number: parcel.Number, Key: key,
		Parameters: parameters{
			CallbackURL: account.CallbackURL, Salt: salt, Detail: detail, AutoCompany: "1", Phone: parcel.RecipientPhoneLast4,
		},
	})
	body, failure := c.post(ctx, account, subscribePath, url.Values{"schema": {"json"}, "param": {param}}, key, salt)
	if failure != nil {
		return failure
	}
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return failure
	}
	if a.ReturnCode == done || a.ReturnCode == subscribedBefore {
		return nil
	}
	return a.refused(body)
}

func (c *Carrier) post(
	ctx context.Context, account carriers.Account, path string, form url.Values, secrets ...string,
) ([]byte, *carriers.Error) {
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, path, []byte(form.Encode()))
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.call(request, secrets...)
}

func (c *Carrier) call(request *http.Request, secrets ...string) ([]byte, *carriers.Error) {
	body, failure := carriers.Call(c.client, request, secrets...)
	if failure != nil && failure.Kind == carriers.ErrNotFound {
		// Unknown parcels are told inside a 200; the address itself is wrong.
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to Kuaidi100"
	}
	return body, failure
}
