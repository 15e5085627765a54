package royalmail

import "github.com/tillpost/tillpost/carriers"

type text = carriers.JSONText

// answer is what GET /events returns. What varies in form is read leniently, so
// that one odd field costs that field only.
type answer struct {
	MailPieces carriers.LenientList `json:"mailPieces"` // one, or a list
}

// problem stands in place of tracking data.
type problem struct {
	HTTPCode    text                 `json:"httpCode"`
	HTTPMessage text                 `json:"httpMessage"`
	Errors      carriers.LenientList `json:"errors"`
}

type mailPiece struct {
	ID        text                      `json:"mailPieceId"`
	Summary   carriers.Lenient[summary] `json:"summary"`
	Estimated carriers.Lenient[window]  `json:"estimatedDelivery"`
	Events    carriers.LenientList      `json:"events"` // newest first
}

type summary struct {
	ItemID         text `json:"uniqueItemId"`
	Barcode        text `json:"oneDBarcode"`
	StatusCategory text `json:"statusCategory"`
	LastCode       text `json:"lastEventCode"`
	LastTime       text `json:"lastEventDateTime"`
	From           text `json:"originCountryCode"` // three letters
	To             text `json:"destinationCountryCode"`
}

type window struct {
	Date text `json:"date"`
	End  text `json:"endOfEstimatedWindow"` // a time of day, with an offset
}

type event struct {
	Code     text `json:"eventCode"`
	Name     text `json:"eventName"`
	Time     text `json:"eventDateTime"` // with an offset
	Location text `json:"locationName"`
}
