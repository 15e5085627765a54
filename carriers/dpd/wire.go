package dpd

import "encoding/xml"

// envelope is what DPD's services answer.
type envelope struct {
	XMLName xml.Name `xml:"Envelope"`
	Login   *grant   `xml:"Body>getAuthResponse>return"`
	Result  *result  `xml:"Body>getTrackingDataResponse>trackingresult"`
	Fault   *fault   `xml:"Body>Fault"`
}

type grant struct {
	Token   string `xml:"authToken"`
	Expires string `xml:"authTokenExpires"` // UTC, often without saying so
}

// result is what is known of a parcel: its scans, and its data before there are
// any.
type result struct {
	Info  *status  `xml:"shipmentInfo"`
	Scans []status `xml:"statusInfo"` // oldest first
}

// status is a scan, or a stage that the parcel is still to reach.
type status struct {
	Status      string   `xml:"status"`
	Label       string   `xml:"label>content"`
	Description []string `xml:"description>content>content"`
	Reached     string   `xml:"statusHasBeenReached"`
	Current     string   `xml:"isCurrentStatus"`
	Location    string   `xml:"location>content"` // "Mechelen (BE)"
	Date        string   `xml:"date>content"`
}

type fault struct {
	Code   string `xml:"faultcode"`
	Text   string `xml:"faultstring"`
	Detail struct {
		List []faultDetail `xml:",any"`
	} `xml:"detail"`
}

// faultDetail is one of several forms.
type faultDetail struct {
	ErrorCode    string `xml:"errorCode"`
	ErrorMessage string `xml:"errorMessage"`
	FaultCode    string `xml:"faultCode"`
	Message      string `xml:"message"`
}
