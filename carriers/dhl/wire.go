package dhl

import (
	"bytes"
	"encoding/json"
	"strings"
)

// answer is what GET /shipments returns. What varies in form is read leniently,
// so that one odd field costs that field only.
type answer struct {
	Shipments []json.RawMessage `json:"shipments"`
}

type shipment struct {
	ID          text            `json:"id"` // a number or a string
	Service     text            `json:"service"`
	Origin      lenient[place]  `json:"origin"`
	Destination lenient[place]  `json:"destination"`
	Status      json.RawMessage `json:"status"`
	Events      lenient[events] `json:"events"`
	ServiceURL  text            `json:"serviceUrl"`
	Estimated   text            `json:"estimatedTimeOfDelivery"`
	Frame       lenient[frame]  `json:"estimatedDeliveryTimeFrame"`
	Details     lenient[detail] `json:"details"`
}

type frame struct {
	Through text `json:"estimatedThrough"`
}

type detail struct {
	PieceIDs lenient[[]text] `json:"pieceIds"`
}

type events []json.RawMessage

// scan is an event, and has the form of a shipment's status too.
type scan struct {
	Timestamp   text           `json:"timestamp"`
	StatusCode  text           `json:"statusCode"`
	Status      text           `json:"status"`
	Description text           `json:"description"`
	Remark      text           `json:"remark"`
	Location    lenient[place] `json:"location"`
}

type place struct {
	Address lenient[address] `json:"address"`
}

type address struct {
	Locality   text `json:"addressLocality"`
	PostalCode text `json:"postalCode"`
	Country    text `json:"countryCode"`
}

// text is a string, or a number in its place; anything else is empty.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*t = text(strings.TrimSpace(s))
		return nil
	}
	if number := json.Number(""); json.Unmarshal(data, &number) == nil {
		*t = text(number)
	}
	return nil
}

// lenient is a value, or its zero where the answer has another form.
type lenient[T any] struct{ V T }

func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	var v T
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if err := json.Unmarshal(data, &v); err == nil {
		l.V = v
	}
	return nil
}
