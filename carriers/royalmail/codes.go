package royalmail

import "github.com/tillpost/tillpost/carriers"

// meaning is what a code says.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// byEventCode holds the event codes that are known of the Tracking API's answers
// (https://developer.royalmail.net).
var byEventCode = map[string]meaning{
	"EVAIE": {carriers.StatusInfoReceived, ""},
	"EVAIP": {carriers.StatusInfoReceived, ""},
	"EVOAC": {carriers.StatusPickedUp, ""},
	"EVPPA": {carriers.StatusPickedUp, ""},
	"EVDAC": {carriers.StatusInTransit, ""},
	"EVDAV": {carriers.StatusInTransit, ""},
	"EVIMC": {carriers.StatusInTransit, ""},
	"EVNMI": {carriers.StatusInTransit, carriers.ReasonMisrouted},
	"EVNRT": {carriers.StatusInTransit, carriers.ReasonHeld},
	"EVODO": {carriers.StatusInTransit, ""},
	"EVORI": {carriers.StatusInTransit, ""},
	"EVGPD": {carriers.StatusOutForDelivery, ""},
	"EVKLS": {carriers.StatusAvailableForPickup, ""},
	"EVNDA": {carriers.StatusAvailableForPickup, ""},
	"EVPLA": {carriers.StatusAvailableForPickup, ""},
	"EVKNA": {carriers.StatusDeliveryFailed, ""},
	"EVKNR": {carriers.StatusDeliveryFailed, ""},
	"EVKOP": {carriers.StatusDelivered, ""},
	"EVKSF": {carriers.StatusDelivered, ""},
	"EVKSP": {carriers.StatusDelivered, ""},
	"EVPLC": {carriers.StatusDelivered, ""}, // collected
}

// byCategory holds Royal Mail's own summaries (statusCategory). Those that are
// not here say nothing that the codes do not.
var byCategory = map[string]carriers.Status{
	"IN TRANSIT": carriers.StatusInTransit,
	"DELIVERED":  carriers.StatusDelivered, // not seen in an answer yet in this spelling
}

// byHTTPCode is for errors that came with HTTP 200.
var byHTTPCode = map[string]carriers.ErrorKind{
	"400": carriers.ErrBadRequest,
	"401": carriers.ErrAuth,
	"403": carriers.ErrForbidden,
	"404": carriers.ErrNotFound,
	"429": carriers.ErrRateLimited,
	"500": carriers.ErrUnavailable,
	"503": carriers.ErrUnavailable,
}
