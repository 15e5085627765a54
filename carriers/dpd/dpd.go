// Package dpd follows parcels through DPD's Parcel Life Cycle service, a SOAP
// service behind a token that is good for a day
// (https://integrations.dpd.nl/dpd-shipper/dpd-shipper-webservices/parcellifecycle-service/).
package dpd

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the services live in Belgium. An account's base URL takes its
// place, such as that of the Netherlands, https://wsshipper.dpd.nl.
const host = "https://wsshipper.dpd.be"

// demoNumber has the form of a number.
const demoNumber = "05308801410058"

// Carrier is DPD.
type Carrier struct {
	client *http.Client
	tokens carriers.Tokens
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are cautious: DPD says that there are some, without a number. It allows
// ten logins a day, of which one is needed.
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

// Test asks for a number of the right form. That DPD does not know it is fine:
// the credentials were accepted.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, demoNumber)
	if failure == nil {
		_, failure = parse(body, demoNumber)
	}
	if failure == nil || failure.Kind == carriers.ErrNotFound {
		return carriers.Probe{}, nil
	}
	return carriers.Probe{}, fmt.Errorf("test the DPD account: %w", failure)
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, number string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("delis_id", "password")
	if failure != nil {
		return nil, failure
	}
	delisID, password := fields[0], fields[1]
	return c.tokens.With(ctx, account, func() (carriers.Token, *carriers.Error) {
		return c.login(ctx, account, delisID, password)
	}, func(token string) ([]byte, *carriers.Error) {
		return c.call(ctx, account, tracking, trackingQuestion(delisID, token, number), token, password)
	})
}

func (c *Carrier) login(ctx context.Context, account carriers.Account, delisID, password string) (carriers.Token, *carriers.Error) {
	body, failure := c.call(ctx, account, login, loginQuestion(delisID, password), password)
	if failure != nil {
		return carriers.Token{}, failure
	}
	var e envelope
	failure = carriers.DecodeXML(body, &e)
	if failure == nil && (e.Login == nil || e.Login.Token == "") {
		failure = carriers.Malformed("the login brought no token", nil)
	}
	if failure != nil {
		failure.Raw = nil // may hold a token
		return carriers.Token{}, failure
	}
	return carriers.Token{Value: e.Login.Token, Life: life(e.Login.Expires, time.Now())}, nil
}

// call asks a service. Its faults come with HTTP 500, which by itself would be
// an outage, or with 200.
func (c *Carrier) call(
	ctx context.Context, account carriers.Account, s service, question []byte, secrets ...string,
) ([]byte, *carriers.Error) {
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, s.path, question)
	if failure != nil {
		return nil, failure
	}
	request.Header.Set("Accept", "text/xml")
	request.Header.Set("Content-Type", "text/xml;charset=UTF-8")
	request.Header.Set("SOAPAction", s.action)
	for _, secret := range secrets {
		secrets = append(secrets, escaped(secret))
	}
	body, failure := carriers.Call(c.client, request, secrets...)
	if failure == nil {
		return body, refusal(body, &carriers.Error{Kind: carriers.ErrUnavailable, HTTPStatus: http.StatusOK})
	}
	if told := refusal(failure.Raw, failure); told != nil {
		return nil, told
	}
	if failure.Kind == carriers.ErrNotFound { // another host's must not look like an unknown parcel
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to DPD's services"
	}
	return nil, failure
}
