package kuaidi100

import "github.com/tillpost/tillpost/carriers"

// meaning is what a state says about a parcel.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// states are those of a parcel and the status codes of its scans, from the
// comments of Kuaidi100's official SDK. The finer ones, of three digits and
// more, come only when they are asked for (resultv2 4 or 8).
var states = map[string]meaning{
	"0":    {status: carriers.StatusInTransit},
	"1001": {status: carriers.StatusInTransit}, // in the city of the recipient
	"1002": {status: carriers.StatusInTransit},
	"1003": {status: carriers.StatusInTransit},
	"7":    {carriers.StatusInTransit, carriers.ReasonRedirected},
	"8":    {carriers.StatusInTransit, carriers.ReasonCustoms},
	"10":   {carriers.StatusInTransit, carriers.ReasonCustoms}, // waits for customs
	"11":   {carriers.StatusInTransit, carriers.ReasonCustoms},
	"12":   {status: carriers.StatusInTransit}, // customs are done
	"13":   {carriers.StatusException, carriers.ReasonCustoms},

	"1":   {status: carriers.StatusPickedUp},
	"101": {status: carriers.StatusInfoReceived},
	"102": {status: carriers.StatusInfoReceived},
	"103": {status: carriers.StatusPickedUp},

	"2":   {status: carriers.StatusException},
	"201": {carriers.StatusException, carriers.ReasonDelay}, // not delivered for long
	"202": {carriers.StatusException, carriers.ReasonDelay}, // no news for long
	"203": {carriers.StatusException, carriers.ReasonRecipientRefused},
	"204": {status: carriers.StatusDeliveryFailed},
	"205": {carriers.StatusException, carriers.ReasonUnclaimed},
	"206": {carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
	"207": {carriers.StatusException, carriers.ReasonUndeliverable}, // outside the area
	"208": {carriers.StatusException, carriers.ReasonHeld},
	"209": {carriers.StatusException, carriers.ReasonDamaged},
	"210": {status: carriers.StatusCanceled},
	"401": {status: carriers.StatusCanceled},

	"5":   {status: carriers.StatusOutForDelivery},
	"501": {status: carriers.StatusAvailableForPickup},

	"3":   {status: carriers.StatusDelivered},
	"301": {status: carriers.StatusDelivered},
	"302": {status: carriers.StatusDelivered}, // after a problem
	"303": {status: carriers.StatusDelivered}, // by proxy
	"304": {status: carriers.StatusDelivered}, // collected

	"4":  {status: carriers.StatusReturned},
	"6":  {status: carriers.StatusReturning},
	"14": {carriers.StatusReturning, carriers.ReasonRecipientRefused},
}

// Return codes of success.
const (
	done             = "200"
	subscribedBefore = "501" // of a subscription
)

// refusal is what a return code means.
type refusal struct {
	kind    carriers.ErrorKind
	message string
}

// refusals are the return codes of failures. 408 and 500 were seen in answers;
// the others were not seen in an answer yet.
var refusals = map[string]refusal{
	"400": {carriers.ErrBadRequest, "Kuaidi100 cannot read the question"},
	"408": {carriers.ErrForbidden, "the carrier shows this parcel only with the last four digits of the recipient's or sender's phone"},
	"500": {carriers.ErrNotFound, "Kuaidi100 knows nothing of this number yet"},
	"501": {carriers.ErrUnavailable, "Kuaidi100 failed"},
	"502": {carriers.ErrUnavailable, "Kuaidi100 is busy"},
	"503": {carriers.ErrAuth, "Kuaidi100 refused the signature: customer or key are wrong"},
	"600": {carriers.ErrAuth, "Kuaidi100 refused the account: it is expired or used up"},
	"601": {carriers.ErrAuth, "Kuaidi100 refused the key: it is expired or used up"},
}
