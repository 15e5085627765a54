package ups

import "github.com/tillpost/tillpost/carriers"

type text = carriers.JSONText

// tokenAnswer is what the token call returns.
type tokenAnswer struct {
	AccessToken text `json:"access_token"`
	ExpiresIn   text `json:"expires_in"` // seconds
}

// answer is what GET /details returns. What varies in form is read leniently, so
// that one odd field costs that field only.
type answer struct {
	TrackResponse carriers.Lenient[trackResponse] `json:"trackResponse"`
	Response      carriers.Lenient[refusal]       `json:"response"`
}

type trackResponse struct {
	Shipment carriers.LenientList `json:"shipment"`
}

// refusal stands in place of tracking data.
type refusal struct {
	Errors carriers.LenientList `json:"errors"`
}

// remark is an error or a warning.
type remark struct {
	Code    text `json:"code"`
	Message text `json:"message"`
}

type shipment struct {
	InquiryNumber text                 `json:"inquiryNumber"`
	Packages      carriers.LenientList `json:"package"`
	Warnings      carriers.LenientList `json:"warnings"`
}

type parcel struct {
	TrackingNumber text                          `json:"trackingNumber"`
	Activity       carriers.LenientList          `json:"activity"` // newest first
	CurrentStatus  carriers.Lenient[status]      `json:"currentStatus"`
	DeliveryDate   carriers.LenientList          `json:"deliveryDate"`
	DeliveryTime   carriers.Lenient[deliverTime] `json:"deliveryTime"`
	Addresses      carriers.LenientList          `json:"packageAddress"`
}

type activity struct {
	Date      text                       `json:"date"` // on the place's clock, yyyymmdd
	Time      text                       `json:"time"` // hhmmss
	GMTDate   text                       `json:"gmtDate"`
	GMTTime   text                       `json:"gmtTime"`   // hhmmss, also without the leading zero or with colons
	GMTOffset text                       `json:"gmtOffset"` // ±hh:mm
	Location  carriers.Lenient[location] `json:"location"`
	Status    carriers.Lenient[status]   `json:"status"`
}

type location struct {
	Address carriers.Lenient[address] `json:"address"`
}

type address struct {
	City        text `json:"city"`
	State       text `json:"stateProvince"`
	PostalCode  text `json:"postalCode"`
	CountryCode text `json:"countryCode"`
	Country     text `json:"country"`
}

// status is an activity's, or that of the package. In the latter the code may be
// what activities name statusCode.
type status struct {
	Type        text `json:"type"`
	Code        text `json:"code"`
	StatusCode  text `json:"statusCode"`
	Description text `json:"description"`
}

type deliverDate struct {
	Type text `json:"type"` // SDD scheduled, RDD rescheduled, DEL delivered
	Date text `json:"date"`
}

type deliverTime struct {
	Type text `json:"type"`
	End  text `json:"endTime"`
}

type packageAddress struct {
	Type    text                      `json:"type"`
	Address carriers.Lenient[address] `json:"address"`
}
