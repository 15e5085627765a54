package dpd

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// codes are statuses of scans, in lower case. Source: answers of the Belgian and
// Dutch services, and the stages of the German one.
var codes = map[string]carriers.Status{
	"shipment":              carriers.StatusInfoReceived,
	"pickedup":              carriers.StatusPickedUp, // also told late, between later scans
	"betweendepots":         carriers.StatusInTransit,
	"depot":                 carriers.StatusInTransit,
	"courier":               carriers.StatusOutForDelivery,
	"parcelshop":            carriers.StatusAvailableForPickup,
	"deliveryfailure":       carriers.StatusDeliveryFailed,
	"returningfromdelivery": carriers.StatusInTransit, // back at the depot after an attempt, not to the sender
	"delivered":             carriers.StatusDelivered,

	// Not seen in an answer yet.
	"accepted":          carriers.StatusPickedUp,
	"at_sending_depot":  carriers.StatusInTransit,
	"on_the_road":       carriers.StatusInTransit,
	"at_delivery_depot": carriers.StatusInTransit,
}

// meaningOf reads a status. One that is not in the table moves nothing.
func meaningOf(status string) carriers.Status {
	meaning, known := codes[strings.ToLower(strings.TrimSpace(status))]
	if !known {
		return carriers.StatusInfo
	}
	return meaning
}

// refusals are codes of faults. Others are failures.
var refusals = map[string]carriers.ErrorKind{
	"DELICOM_ERR_AUTHENTICATION":  carriers.ErrAuth, // credentials, or a token of no token's form
	"ERR_DELICOM_TOKEN_EXPIRED":   carriers.ErrAuth, // not seen in an answer yet
	"ERR_DELICOM_TOKEN_INCORRECT": carriers.ErrAuth, // not seen in an answer yet
}

// forms are how dates are written besides the usual ones: in English, and in
// German.
var forms = []string{"1/2/2006 3:04:05 PM", "1/2/2006 3:04 PM", "02.01.2006, 15:04:05", "02.01.2006, 15:04"}
