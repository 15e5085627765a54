package easypost

import "github.com/tillpost/tillpost/carriers"

// statuses are EasyPost's, see https://docs.easypost.com/docs/trackers.
// "unknown" and "error" say nothing of the parcel. "failure" does not tell
// whether the carrier will try again. "return_to_sender" stands on the way back
// and at its end.
var statuses = map[string]carriers.Status{
	"pre_transit":          carriers.StatusInfoReceived,
	"in_transit":           carriers.StatusInTransit,
	"out_for_delivery":     carriers.StatusOutForDelivery,
	"available_for_pickup": carriers.StatusAvailableForPickup,
	"delivered":            carriers.StatusDelivered,
	"return_to_sender":     carriers.StatusReturning,
	"failure":              carriers.StatusException,
	"cancelled":            carriers.StatusCanceled,
}

// refinements are pairs of status and detail that say more than the status.
// Not seen in an answer yet.
var refinements = map[[2]string]carriers.Status{
	{"in_transit", "received_at_origin_facility"}: carriers.StatusPickedUp,
	{"in_transit", "return"}:                      carriers.StatusReturning,
	{"failure", "return"}:                         carriers.StatusReturning,
}

// reasons are by status_detail. Only label_created, status_update, the arrivals
// and departures, out_for_delivery, transit_exception and unknown were seen in
// answers; they give no reason. Those below were not seen in an answer yet.
var reasons = map[string]carriers.Reason{
	"address_correction":   carriers.ReasonAddressProblem,
	"awaiting_information": carriers.ReasonActionRequired,
	"damaged":              carriers.ReasonDamaged,
	"delayed":              carriers.ReasonDelay,
	"held":                 carriers.ReasonHeld,
	"lost":                 carriers.ReasonLost,
	"missorted":            carriers.ReasonMisrouted,
	"refused":              carriers.ReasonRecipientRefused,
	"weather_delay":        carriers.ReasonWeather,
}

// meaning reads a status and its detail.
func meaning(status, detail text) (carriers.Status, carriers.Reason) {
	reason := reasons[string(detail)]
	meant, known := statuses[string(status)]
	if !known {
		return carriers.StatusInfo, reason
	}
	if finer, ok := refinements[[2]string{string(status), string(detail)}]; ok {
		meant = finer
	}
	switch meant {
	case carriers.StatusDelivered, carriers.StatusCanceled:
		return meant, ""
	default:
		return meant, reason
	}
}

// duplicateInFlight is in the message of a TRACKER.CREATE.ERROR that only means
// that the same tracker is being made at this moment.
const duplicateInFlight = "in-flight"

// failures are EasyPost's error codes, see https://docs.easypost.com/docs/errors.
// NOT_FOUND, TRACKER.CREATE.ERROR and APIKEY.INACTIVE were seen in answers, the
// others not yet.
var failures = map[string]carriers.ErrorKind{
	"APIKEY.INACTIVE":                    carriers.ErrAuth,
	"UNAUTHORIZED":                       carriers.ErrAuth,
	"MODE.UNAUTHORIZED":                  carriers.ErrAuth,
	"NOT_FOUND":                          carriers.ErrNotFound,
	"TRACKER.NOT_FOUND":                  carriers.ErrNotFound,
	"CREDENTIALS_NOT_FOUND":              carriers.ErrForbidden,
	"TRACKER.NO_CARRIER_ACCOUNT":         carriers.ErrForbidden,
	"PAYMENT_REQUIRED":                   carriers.ErrForbidden,
	"RATE_LIMITED":                       carriers.ErrRateLimited,
	"RATE_LIMIT.EXCEEDED":                carriers.ErrRateLimited,
	"INTERNAL_SERVER_ERROR":              carriers.ErrUnavailable,
	"TRACKER.CREATE.ERROR":               carriers.ErrBadRequest,
	"TRACKER.INVALID_PARAMS":             carriers.ErrBadRequest,
	"TRACKER.INVALID_TEST_CODE":          carriers.ErrBadRequest,
	"TRACKER.UNSUPPORTED_CARRIER":        carriers.ErrBadRequest,
	"TRACKER.CARRIER_CODE_MISMATCH":      carriers.ErrBadRequest,
	"TRACKER.MULTIPLE_CARRIERS_FOR_CODE": carriers.ErrBadRequest,
	"TRACKER.NO_CARRIER_FOR_CODE":        carriers.ErrBadRequest,
}

// names are EasyPost's of the carriers that we know by code. A carrier that it
// splits into several, as DHL, is left for it to detect. USPS and FedEx were
// seen in answers, the others not yet.
var names = map[string]string{
	"ups":           "UPS",
	"fedex":         "FedEx",
	"usps":          "USPS",
	"royalmail":     "RoyalMail",
	"canadapost":    "CanadaPost",
	"australiapost": "AustraliaPost",
	"dhl_parcel_de": "DHLPaket",
	"dpd":           "DPD",
	"sf":            "SFExpress",
}
