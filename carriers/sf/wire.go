package sf

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// wireQuestion is the msgData of a question.
type wireQuestion struct {
	Language     string   `json:"language"`
	TrackingType string   `json:"trackingType"` // 1: by SF's numbers
	Numbers      []string `json:"trackingNumber"`
	MethodType   string   `json:"methodType"` // 1: the standard routes
	PhoneDigits  string   `json:"checkPhoneNo,omitempty"`
}

// envelope is what the platform puts around each answer. Data is the answer of
// the interface as a JSON text within the JSON.
type envelope struct {
	Code    text            `json:"apiResultCode"`
	Message text            `json:"apiErrorMsg"`
	Data    json.RawMessage `json:"apiResultData"`
}

type result struct {
	Success   text                      `json:"success"`
	ErrorCode text                      `json:"errorCode"`
	ErrorText text                      `json:"errorMsg"`
	Data      carriers.Lenient[msgData] `json:"msgData"`
}

type msgData struct {
	Parcels carriers.LenientList `json:"routeResps"`
}

type parcel struct {
	Number text                 `json:"mailNo"`
	Routes carriers.LenientList `json:"routes"`
}

type route struct {
	Time    text `json:"acceptTime"`
	Address text `json:"acceptAddress"`
	Remark  text `json:"remark"`
	Code    text `json:"opCode"`
}
