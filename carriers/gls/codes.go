package gls

import (
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// statuses are the summaries of a parcel. Source: the API's own description,
// which lists them all. FINAL only says that the history is closed.
var statuses = map[string]carriers.Status{
	"PLANNEDPICKUP": carriers.StatusInfoReceived,
	"INPICKUP":      carriers.StatusInfoReceived,
	"NOTPICKEDUP":   carriers.StatusInfoReceived,
	"PREADVICE":     carriers.StatusInfoReceived,
	"INTRANSIT":     carriers.StatusInTransit,
	"INWAREHOUSE":   carriers.StatusInTransit,
	"INDELIVERY":    carriers.StatusOutForDelivery,
	"DELIVEREDPS":   carriers.StatusAvailableForPickup, // at a ParcelShop: not with the recipient
	"DELIVERED":     carriers.StatusDelivered,
	"NOTDELIVERED":  carriers.StatusDeliveryFailed,
	"CANCELED":      carriers.StatusCanceled,
}

// codes are those of events, which GLS spells like this. Source: the API's
// description and answers; there are more, which /tracking/events/codes lists to
// those who have credentials.
var codes = map[string]carriers.Status{
	"INTIAL.PREADVICE":  carriers.StatusInfoReceived, //nolint:misspell // GLS does
	"INTIAL.E48_DATA":   carriers.StatusInfoReceived, //nolint:misspell // ready for GLS to collect
	"INTIAL.NORMAL":     carriers.StatusPickedUp,     //nolint:misspell // as above
	"OUTBOD.NORMAL":     carriers.StatusInTransit,
	"INBOUD.NORMAL":     carriers.StatusInTransit,
	"OUTDEL.NORMAL":     carriers.StatusOutForDelivery,
	"DELIVD.NORMAL":     carriers.StatusDelivered,
	"DELIVD.PARCELSHOP": carriers.StatusAvailableForPickup, // at a ParcelShop: not with the recipient
}

// meaningOf reads an event's code. One that is not in the table moves nothing.
func meaningOf(code string) carriers.Status {
	status, known := codes[strings.ToUpper(strings.TrimSpace(code))]
	if !known {
		return carriers.StatusInfo
	}
	return status
}

// refusals are error codes of a parcel.
var refusals = map[string]carriers.ErrorKind{
	"E_400_01": carriers.ErrBadRequest,
	"E_404_01": carriers.ErrNotFound,
	"E_500_01": carriers.ErrUnavailable,
}
