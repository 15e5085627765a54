package sandbox

import (
	"crypto/rand"
	"net/http"
	"time"
)

// format is one payment API that the sandbox speaks: what differs between those
// that stand on its one bank.
type format struct {
	name string
	// natural says that the caller's reference stands for one charge for ever,
	// whatever idempotency keys say.
	natural bool
	// approves says that a customer's yes moves no money yet: the caller takes
	// it by executing the charge once more.
	approves bool

	chargeID, refundID, disputeID func() string

	// account names an account by what it shows with its requests.
	account func(credential string) string
	// caller names the account of a request; not ok refuses it.
	caller func(s *Server, r *http.Request, body []byte) (account string, ok bool)
	// fault is an error of the API as a whole in the format's own words.
	fault func(kind apiFault, detail string) reply
	// news is a webhook about something that happened; no body is no webhook.
	news     func(s *Server, n news) (body []byte)
	newsType string // its content type; JSON when empty
	ack      string // what its receiver must answer; any body when empty
	// more are further webhooks about the same; nil when there are none.
	more func(s *Server, n news) (bodies [][]byte)
	// sign adds to a webhook's header what proves its origin.
	sign func(s *Server, header http.Header, secret string, body []byte)
}

// bodies are all webhooks about something that happened.
func (f format) bodies(s *Server, n news) [][]byte {
	var all [][]byte
	if body := f.news(s, n); body != nil {
		all = append(all, body)
	}
	if f.more != nil {
		all = append(all, f.more(s, n)...)
	}
	return all
}

// apiFault is what can go wrong with a request to any API.
type apiFault int

// The faults of requests.
const (
	faultUnreadable apiFault = iota // the body is broken off
	faultTooLarge                   // more than the sandbox reads
	faultCredentials
	faultRateLimited
	faultInternal
	faultKeyReused // the idempotency key belongs to another request
	faultKeyBusy   // a request with the idempotency key is under way
)

// formatByName returns a payment API.
func formatByName(name string) (format, bool) {
	switch name {
	case apiNative:
		return nativeFormat(), true
	case apiAlipay:
		return alipayFormat(), true
	case apiStripe:
		return stripeFormat(), true
	case apiPaypal:
		return paypalFormat(), true
	case apiAdyen:
		return adyenFormat(), true
	case apiWeChat:
		return wechatFormat(), true
	default:
		return format{}, false
	}
}

// formatOf returns the payment API of a charge.
func formatOf(name string) format {
	f, _ := formatByName(name) // charges have no other
	return f
}

// happening is what a webhook can be about.
type happening string

// The happenings. A charge is told of when it settles or changes after the
// answer of its own request, unless its format tells of everything.
const (
	happenedCharge   happening = "charge"   // executed, whatever came of it
	happenedLater    happening = "later"    // a charge that was processing, or waited for its customer, has ended
	happenedCapture  happening = "capture"  // an authorized amount was taken
	happenedVoid     happening = "void"     // released
	happenedRefund   happening = "refund"   // created, or changed later
	happenedDispute  happening = "dispute"  // opened or closed
	happenedCanceled happening = "canceled" // ended before it was executed
)

// news is something that happened to a charge.
type news struct {
	What    happening
	Charge  charge
	Refund  *refund  // with happenedRefund
	Dispute *dispute // with happenedDispute
	Again   bool     // the refund or dispute was told of before, and has changed
	ID      string   // of the event, the same for each webhook about it
	At      time.Time
}

// prefixed makes ids of a prefix and random text.
func prefixed(prefix string) func() string {
	return func() string { return prefix + rand.Text() }
}

// digits makes ids of n decimal digits, as Alipay and WeChat Pay number their trades.
func digits(n int) func() string {
	return func() string {
		id := make([]byte, n)
		_, _ = rand.Read(id) // never fails
		for i := range id {
			id[i] = '0' + id[i]%10
		}
		id[0] = '2'
		return string(id)
	}
}

// upper makes ids of n capital letters and digits, as Adyen and PayPal do.
func upper(n int) func() string {
	return func() string { return rand.Text()[:n] }
}
