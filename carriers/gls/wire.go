package gls

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// grant is an access token.
type grant struct {
	Token     text `json:"access_token"`
	ExpiresIn text `json:"expires_in"` // seconds, as a number or a text
}

type loginFault struct {
	Errors carriers.LenientList `json:"errors"`
}

// answer is what GET /tracking/simple/trackids returns.
type answer struct {
	Parcels json.RawMessage `json:"parcels"`
}

// parcel is what is known of a number, or why nothing is. One number may stand
// for several parcels.
type parcel struct {
	Requested text                 `json:"requested"`
	UnitNo    text                 `json:"unitno"`
	Status    text                 `json:"status"`
	StatusAt  text                 `json:"statusDateTime"`
	Events    carriers.LenientList `json:"events"` // newest first
	ErrorCode text                 `json:"errorCode"`
	ErrorText text                 `json:"errorMessage"`
}

type scan struct {
	Code        text `json:"code"`
	City        text `json:"city"`
	PostalCode  text `json:"postalCode"`
	Country     text `json:"country"`
	Description text `json:"description"`
	Time        text `json:"eventDateTime"`
}

// problem is an error of the API itself; fault is one of the gateway before it.
type problem struct {
	Title  text                       `json:"title"`
	Status text                       `json:"status"`
	Detail text                       `json:"detail"`
	Fault  carriers.Lenient[apiFault] `json:"fault"`
}

type apiFault struct {
	Detail carriers.Lenient[faultDetail] `json:"detail"`
}

type faultDetail struct {
	Code text `json:"errorcode"`
}
