package fedex

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// question is what POST /trackingnumbers is asked.
type question struct {
	IncludeDetailedScans bool           `json:"includeDetailedScans"`
	TrackingInfo         []trackingInfo `json:"trackingInfo"`
}

type trackingInfo struct {
	NumberInfo numberInfo `json:"trackingNumberInfo"`
}

type numberInfo struct {
	Number string `json:"trackingNumber"`
}

// tokenAnswer is what the token call returns.
type tokenAnswer struct {
	AccessToken text `json:"access_token"`
	ExpiresIn   text `json:"expires_in"` // seconds
}

// answer is what POST /trackingnumbers returns. What varies in form is read
// leniently, so that one odd field costs that field only.
type answer struct {
	Output carriers.Lenient[output] `json:"output"`
	Errors carriers.LenientList     `json:"errors"`
}

type output struct {
	Complete carriers.LenientList `json:"completeTrackResults"`
}

type problem struct {
	Code text `json:"code"`
}

// complete is all that is known of a number: its legs, or parcels that had it
// one after the other.
type complete struct {
	Number  text                 `json:"trackingNumber"`
	Results carriers.LenientList `json:"trackResults"`
}

type result struct {
	Error       json.RawMessage              `json:"error"` // in place of all else
	Latest      carriers.Lenient[latest]     `json:"latestStatusDetail"`
	Scans       carriers.LenientList         `json:"scanEvents"` // in no certain order
	Dates       carriers.LenientList         `json:"dateAndTimes"`
	Estimated   carriers.Lenient[timeWindow] `json:"estimatedDeliveryTimeWindow"`
	Standard    carriers.Lenient[timeWindow] `json:"standardTransitTimeWindow"`
	Recipient   carriers.Lenient[place]      `json:"recipientInformation"`
	Destination carriers.Lenient[place]      `json:"destinationLocation"`
}

type latest struct {
	Code        text                    `json:"code"`
	DerivedCode text                    `json:"derivedCode"`
	Ancillary   carriers.LenientList    `json:"ancillaryDetails"`
	Delay       carriers.Lenient[delay] `json:"delayDetail"`
}

type ancillary struct {
	Reason text `json:"reason"`
}

type delay struct {
	Status text `json:"status"` // DELAYED, ON_TIME, EARLY
	Type   text `json:"type"`   // WEATHER, OPERATIONAL, LOCAL, GENERAL, CLEARANCE
}

type scan struct {
	Date                 text                      `json:"date"` // with an offset, mostly
	EventType            text                      `json:"eventType"`
	DerivedCode          text                      `json:"derivedStatusCode"`
	EventDescription     text                      `json:"eventDescription"`
	ExceptionCode        text                      `json:"exceptionCode"`
	ExceptionDescription text                      `json:"exceptionDescription"`
	Location             carriers.Lenient[address] `json:"scanLocation"`
	Delay                carriers.Lenient[delay]   `json:"delayDetail"`
}

type timeWindow struct {
	Window carriers.Lenient[window] `json:"window"`
}

type window struct {
	Ends text `json:"ends"`
}

type dateAndTime struct {
	Type     text `json:"type"`
	DateTime text `json:"dateTime"`
}

// place is a recipient or a location; each keeps its address elsewhere.
type place struct {
	Address carriers.Lenient[address] `json:"address"`
	Contact carriers.Lenient[contact] `json:"locationContactAndAddress"`
}

type contact struct {
	Address carriers.Lenient[address] `json:"address"`
}

type address struct {
	City       text `json:"city"`
	State      text `json:"stateOrProvinceCode"`
	PostalCode text `json:"postalCode"`
	Country    text `json:"countryCode"`
}
