// Package alipay takes payments through Alipay's open platform (RSA2).
//
// A payment code that the customer shows is charged at once; without one the
// customer is sent to Alipay's page, or gets a QR code. The attempt's id is the
// order number at Alipay, which stands for one trade for ever: whatever becomes
// of a request, the trade can be asked for and ended by it.
package alipay

import (
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// DefaultBaseURL is Alipay's live host. For its sandbox an account's address is
// https://openapi-sandbox.dl.alipaydev.com.
const DefaultBaseURL = "https://openapi.alipay.com"

// How long a customer has. The times are sent along, so that Alipay ends the
// trade by itself, and are counted from the attempt's first request.
const (
	codeLife = 5 * time.Minute // to confirm what a payment code was charged with
	pageLife = time.Hour       // to pay on Alipay's page or by a QR code

	// clockMargin is how much later than we Alipay may think that it is too late.
	clockMargin = 2 * time.Minute
	// askAgain is how soon Alipay wants to be asked about a payment under way.
	askAgain = 5 * time.Second
)

// Provider is Alipay behind the payment port. Accounts have the fields app_id,
// private_key and alipay_public_key.
type Provider struct {
	client *http.Client
	now    func() time.Time
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{client: &own, now: time.Now}
}

// way is how a charge is paid.
type way int

const (
	byCode way = iota // the customer's payment code
	byPage            // Alipay's page, opened by the customer
	byQR              // a QR code, scanned by the customer
)

func wayOf(charge payments.Charge) way {
	switch {
	case charge.Token != "":
		return byCode
	case charge.ReturnURL != "":
		return byPage
	default:
		return byQR
	}
}

// expiry is until when the charge's customer can pay, the same each time.
func (p *Provider) expiry(charge payments.Charge) time.Time {
	start, life := charge.StartedAt, pageLife
	if start.IsZero() {
		start = p.now()
	}
	if wayOf(charge) == byCode {
		life = codeLife
	}
	return start.Add(life).Truncate(time.Second)
}

// expired reports whether the charge's customer cannot pay any more.
func (p *Provider) expired(charge payments.Charge) bool {
	return p.now().After(p.expiry(charge).Add(clockMargin))
}
