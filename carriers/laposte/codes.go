package laposte

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// codes are those of events. Source: La Poste's table of event codes. DR1, PC1,
// ET1, ET2, ET3, MD2 and DI1 were seen in an answer.
var codes = map[string]meaning{
	"DR1": {carriers.StatusInfoReceived, ""},                  // announced by the sender
	"PC1": {carriers.StatusPickedUp, ""},                      // taken over
	"PC2": {carriers.StatusPickedUp, ""},                      // taken over abroad
	"ET1": {carriers.StatusInTransit, ""},                     // being processed
	"ET2": {carriers.StatusInTransit, ""},                     // in the country of origin
	"ET3": {carriers.StatusInTransit, ""},                     // in the country of destination
	"ET4": {carriers.StatusInTransit, ""},                     // in a country of transit
	"EP1": {carriers.StatusInTransit, ""},                     // waiting to be presented
	"DO1": {carriers.StatusInTransit, carriers.ReasonCustoms}, // into customs
	"DO2": {carriers.StatusInTransit, ""},                     // out of customs
	"DO3": {carriers.StatusException, carriers.ReasonCustoms}, // held by customs
	"PB1": {carriers.StatusException, ""},                     // a problem
	"PB2": {carriers.StatusInTransit, ""},                     // which was solved
	"MD2": {carriers.StatusOutForDelivery, ""},                // in distribution
	"ND1": {carriers.StatusDeliveryFailed, ""},                // could not be handed over
	"AN1": {carriers.StatusDeliveryFailed, ""},                // not seen in an answer yet
	"AG1": {carriers.StatusAvailableForPickup, ""},            // waits at an office
	"RE1": {carriers.StatusReturning, ""},                     // sent back
	"DI1": {carriers.StatusDelivered, ""},                     // to the recipient
	"DI2": {carriers.StatusReturned, ""},                      // to the sender: no delivery
}

// meaningOf reads a code. One that is not in the table moves nothing.
func meaningOf(code string) meaning {
	m, known := codes[strings.ToUpper(strings.TrimSpace(code))]
	if !known {
		return meaning{status: carriers.StatusInfo}
	}
	return m
}

// refusals are return codes of a number; they follow HTTP. Others are failures.
var refusals = map[string]carriers.ErrorKind{
	"400": carriers.ErrBadRequest, // a number without a form of La Poste's
	"401": carriers.ErrAuth,
	"403": carriers.ErrForbidden,
	"404": carriers.ErrNotFound,
	"429": carriers.ErrRateLimited,

	// Of the gateway. (Not seen with HTTP 200 yet.)
	"UNAUTHORIZED": carriers.ErrAuth,
}
