package tracking

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// VisitTime is how long somebody who knew an order's number and address sees
// its parcels without saying so again.
const VisitTime = 30 * time.Minute

// What is sealed into links and cookies, apart from each other: one is no use
// as the other.
var (
	visitSeal  = secret.Binding{Table: "tracking", Row: "visit", Field: "order"}
	optOutSeal = secret.Binding{Table: "tracking", Row: "opt_out", Field: "address"}
)

// Knows says whether a visitor has proven to be the recipient: by the order's
// number, and the e-mail address or the postal code. All is compared, whatever
// is wrong, so that the answer's time tells nothing.
func Knows(o *models.Order, number, proof string) bool {
	right := same(plain(number), plain(o.Number))
	email := same(models.NormalMailAddress(norm.NFKC.String(proof)), models.NormalMailAddress(o.CustomerEmail))
	postal := same(plain(proof), plain(o.ShippingAddress.PostalCode))
	return right&(email|postal) == 1
}

// same compares without telling where two texts differ. Empty ones are never the same.
func same(given, stored string) int {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(stored))
	equal := subtle.ConstantTimeCompare(a[:], b[:])
	if stored == "" {
		equal = 0
	}
	return equal
}

// plain is a number or a postal code as it is compared: letters and digits
// alone, whichever way they were typed.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(text))
}

// visit is what the cookie of somebody who proved to be the recipient holds.
type visit struct {
	OrderID string `json:"o"`
	Until   int64  `json:"u"`
}

// Admit writes the cookie of somebody who proved to know the order.
func (s *Service) Admit(orderID string) (string, error) {
	return s.keys.SealToken(visitSeal, visit{OrderID: orderID, Until: s.db.Now().Add(VisitTime).Unix()})
}

// Admitted says whether a cookie admits to the order's parcels now.
func (s *Service) Admitted(cookie, orderID string) bool {
	if cookie == "" {
		return false
	}
	var v visit
	return s.keys.OpenToken(visitSeal, cookie, &v) == nil && v.OrderID == orderID && s.db.Now().Before(time.Unix(v.Until, 0))
}

// ErrBadLink is returned for links that this program did not write.
var ErrBadLink = errors.New("not a link of ours")

// OptOut is who wants no more mails of whom.
type OptOut struct {
	MerchantID  string `json:"m"`
	AddressHash string `json:"a"`
}

// OptOutToken writes the part of a link by which the holder of an address stops
// a merchant's mails. It does not end: a mail may be read after years.
func (s *Service) OptOutToken(merchantID, address string) (string, error) {
	return s.keys.SealToken(optOutSeal, OptOut{MerchantID: merchantID, AddressHash: models.AddressHash(merchantID, address)})
}

// ReadOptOut reads such a part of a link.
func (s *Service) ReadOptOut(token string) (OptOut, error) {
	var o OptOut
	if err := s.keys.OpenToken(optOutSeal, token, &o); err != nil {
		return o, ErrBadLink
	}
	return o, nil
}
