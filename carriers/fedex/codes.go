package fedex

import "github.com/tillpost/tillpost/carriers"

// meaning is what a code says.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// byDerivedCode holds FedEx's summary codes (derivedStatusCode, derivedCode) of
// the Track API's documentation.
var byDerivedCode = map[string]meaning{
	"CA": {carriers.StatusCanceled, ""},
	"DE": {carriers.StatusDeliveryFailed, ""},
	"DL": {carriers.StatusDelivered, ""},
	"DY": {carriers.StatusInTransit, carriers.ReasonDelay},
	"HL": {carriers.StatusAvailableForPickup, ""},
	"IN": {carriers.StatusInfoReceived, ""},
	"IT": {carriers.StatusInTransit, ""},
	"PU": {carriers.StatusPickedUp, ""},
	"RS": {carriers.StatusReturning, ""},
	"SE": {carriers.StatusException, ""},
}

// byEventType refines the summary codes: the tracking scan codes of the Track
// API's documentation. Those that are not here leave the meaning to the summary
// code: CA, SP and the codes of who holds a parcel (SH, CU, BR, TP) stand in
// several of FedEx's lists with several meanings, and DS, DR and PM may be of a
// courier on the way to the sender.
var byEventType = map[string]meaning{
	"OC": {carriers.StatusInfoReceived, ""},
	"OX": {carriers.StatusInfoReceived, ""},                   // data was sent to USPS
	"PD": {carriers.StatusInfoReceived, carriers.ReasonDelay}, // of the pickup

	"PU": {carriers.StatusPickedUp, ""},
	"PX": {carriers.StatusPickedUp, ""},

	"AA": {carriers.StatusInTransit, ""},
	"AC": {carriers.StatusInTransit, ""}, // at Canada Post
	"AD": {carriers.StatusInTransit, ""},
	"AF": {carriers.StatusInTransit, ""},
	"AR": {carriers.StatusInTransit, ""},
	"AX": {carriers.StatusInTransit, ""}, // at USPS
	"CC": {carriers.StatusInTransit, ""}, // cleared
	"CP": {carriers.StatusInTransit, carriers.ReasonCustoms},
	"DD": {carriers.StatusInTransit, carriers.ReasonDelay},
	"DP": {carriers.StatusInTransit, ""},
	"DY": {carriers.StatusInTransit, carriers.ReasonDelay},
	"EA": {carriers.StatusInTransit, ""}, // on the way to the airport, or export approved
	"ED": {carriers.StatusInTransit, ""},
	"EO": {carriers.StatusInTransit, ""},
	"FD": {carriers.StatusInTransit, ""},
	"IT": {carriers.StatusInTransit, ""},
	"IX": {carriers.StatusInTransit, ""},
	"LO": {carriers.StatusInTransit, ""},
	"OF": {carriers.StatusInTransit, ""},
	"OW": {carriers.StatusInTransit, ""},
	"PF": {carriers.StatusInTransit, ""},
	"PL": {carriers.StatusInTransit, ""},
	"SF": {carriers.StatusInTransit, ""},
	"TR": {carriers.StatusInTransit, ""},

	"OD": {carriers.StatusOutForDelivery, ""},
	"HL": {carriers.StatusAvailableForPickup, ""},
	"HP": {carriers.StatusAvailableForPickup, ""},
	"DE": {carriers.StatusDeliveryFailed, ""},
	"CD": {carriers.StatusException, carriers.ReasonCustoms},
	"SE": {carriers.StatusException, ""},
	"DL": {carriers.StatusDelivered, ""},
	"RS": {carriers.StatusReturning, ""},

	// News of dates, wishes, couriers and return labels.
	"AE": {carriers.StatusInfo, ""},
	"AO": {carriers.StatusInfo, ""},
	"AP": {carriers.StatusInfo, ""},
	"CH": {carriers.StatusInfo, ""},
	"EP": {carriers.StatusInfo, ""},
	"LP": {carriers.StatusInfo, ""},
	"RC": {carriers.StatusInfo, ""}, // a wish taken back; among holders, the recipient
	"RD": {carriers.StatusInfo, ""},
	"RG": {carriers.StatusInfo, ""},
	"RM": {carriers.StatusInfo, ""},
	"RP": {carriers.StatusInfo, ""},
	"RR": {carriers.StatusInfo, ""},
}

// byExceptionCode holds why a delivery failed.
var byExceptionCode = map[string]carriers.Reason{
	"03": carriers.ReasonAddressProblem,       // not seen in an answer yet
	"07": carriers.ReasonRecipientRefused,     // not seen in an answer yet
	"08": carriers.ReasonRecipientUnavailable, // not seen in an answer yet
	"15": carriers.ReasonRecipientUnavailable, // of the documentation's sample
}

// byDelayType holds why a parcel is late; other types say no more than that it is.
var byDelayType = map[string]carriers.Reason{
	"WEATHER":   carriers.ReasonWeather,
	"CLEARANCE": carriers.ReasonCustoms,
}

// byErrorCode holds the codes of errors, which also come with an HTTP 200.
var byErrorCode = map[string]carriers.ErrorKind{
	"TRACKING.TRACKINGNUMBER.NOTFOUND": carriers.ErrNotFound,
	"TRACKING.TRACKINGNUMBER.EMPTY":    carriers.ErrBadRequest,
	"TRACKING.TRACKINGNUMBER.INVALID":  carriers.ErrBadRequest,
	"NOT.AUTHORIZED.ERROR":             carriers.ErrAuth,
	"FORBIDDEN.ERROR":                  carriers.ErrForbidden,
	"SYSTEM.UNEXPECTED.ERROR":          carriers.ErrUnavailable, // not seen in an answer yet
}
