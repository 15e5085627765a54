package sf

import "github.com/tillpost/tillpost/carriers"

// meaning is what an operation code says about a parcel.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// signedFor is the operation code of a delivery. signature follows it and tells
// where the signature can be seen; it counts only without signedFor.
const (
	signedFor = "80"
	signature = "8000"
)

// codes are the operation codes of Fengqiao's documentation of routes. 50, 54,
// 30, 31, 36 and 80 were seen in answers of public examples; the others were not
// seen in an answer yet.
var codes = map[string]meaning{
	"50":  {status: carriers.StatusPickedUp},
	"54":  {status: carriers.StatusPickedUp},
	"30":  {status: carriers.StatusInTransit},
	"31":  {status: carriers.StatusInTransit},
	"36":  {status: carriers.StatusInTransit},
	"407": {status: carriers.StatusInTransit}, // not seen in an answer yet
	"501": {status: carriers.StatusInTransit}, // not seen in an answer yet
	"607": {status: carriers.StatusInTransit}, // not seen in an answer yet
	"44":  {status: carriers.StatusOutForDelivery},
	"204": {status: carriers.StatusOutForDelivery}, // not seen in an answer yet
	"130": {status: carriers.StatusOutForDelivery}, // not seen in an answer yet
	"125": {status: carriers.StatusAvailableForPickup},
	"126": {status: carriers.StatusAvailableForPickup}, // not seen in an answer yet
	"658": {status: carriers.StatusAvailableForPickup}, // not seen in an answer yet
	"70":  {status: carriers.StatusDeliveryFailed},
	"33":  {status: carriers.StatusDeliveryFailed}, // not seen in an answer yet
	"77":  {status: carriers.StatusDeliveryFailed}, // not seen in an answer yet
	// The way back or to another address, under a new number; arriving there is
	// a scan of signedFor.
	"99":  {status: carriers.StatusReturning}, // not seen in an answer yet
	"648": {status: carriers.StatusReturning}, // not seen in an answer yet
	"631": {status: carriers.StatusReturning}, // not seen in an answer yet

	signedFor: {status: carriers.StatusDelivered},
	signature: {status: carriers.StatusDelivered}, // not seen alone yet
}

// refusal is what an error code means.
type refusal struct {
	kind    carriers.ErrorKind
	message string
}

// refusals are the result codes of the platform (apiResultCode) and of the
// interface (errorCode); those of the platform are from its documentation.
var refusals = map[string]refusal{
	"A1001": {carriers.ErrBadRequest, "SF misses a parameter"},
	"A1002": {carriers.ErrUnavailable, "SF finds the question too old; this machine's clock may be wrong"}, // not seen in an answer yet
	"A1003": {carriers.ErrAuth, "SF does not accept calls from this machine's IP address"},
	"A1004": {carriers.ErrAuth, "SF has not opened the route query to this account"},
	"A1005": {carriers.ErrRateLimited, "too many calls"},
	"A1006": {carriers.ErrAuth, "SF refused the signature: partner id or checkword are wrong"},
	"A1009": {carriers.ErrUnavailable, "SF's service cannot be reached by its platform"},
	"A1099": {carriers.ErrUnavailable, "SF's platform failed"},
	"8003":  {carriers.ErrBadRequest, "too many numbers in one question"}, // not seen in an answer yet
}
