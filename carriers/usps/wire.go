package usps

import "github.com/tillpost/tillpost/carriers"

type text = carriers.JSONText

// tokenAnswer is what the token call returns.
type tokenAnswer struct {
	AccessToken text `json:"access_token"`
	ExpiresIn   text `json:"expires_in"` // seconds
	Scope       text `json:"scope"`      // separated by blanks
}

// answer is what GET /tracking returns. What varies in form is read leniently, so
// that one odd field costs that field only.
type answer struct {
	Number         text                      `json:"trackingNumber"`
	StatusCategory text                      `json:"statusCategory"`
	Events         carriers.LenientList      `json:"trackingEvents"` // newest first
	Expected       text                      `json:"expectedDeliveryTimeStamp"`
	PredictedDate  text                      `json:"predictedDeliveryDate"`
	Guaranteed     text                      `json:"guaranteedDeliveryTimeStamp"`
	Error          carriers.Lenient[problem] `json:"error"`
}

type event struct {
	Type         text `json:"eventType"`
	Code         text `json:"eventCode"`
	Timestamp    text `json:"eventTimestamp"` // on the place's clock, without the seconds
	GMTTimestamp text `json:"GMTTimestamp"`
	GMTOffset    text `json:"GMTOffset"` // ±hh:mm, or minutes
	City         text `json:"eventCity"`
	State        text `json:"eventState"`
	ZIP          text `json:"eventZIP"`
	Country      text `json:"eventCountry"`
}

// problem stands in place of tracking data.
type problem struct {
	Code    text                 `json:"code"`
	Message text                 `json:"message"`
	Errors  carriers.LenientList `json:"errors"`
}
