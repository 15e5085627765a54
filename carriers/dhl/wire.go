package dhl

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// answer is what GET /shipments returns. What varies in form is read leniently,
// so that one odd field costs that field only.
type answer struct {
	Shipments []json.RawMessage `json:"shipments"`
}

type shipment struct {
	ID          text                     `json:"id"` // a number or a string
	Service     text                     `json:"service"`
	Origin      carriers.Lenient[place]  `json:"origin"`
	Destination carriers.Lenient[place]  `json:"destination"`
	Status      json.RawMessage          `json:"status"`
	Events      carriers.Lenient[events] `json:"events"`
	ServiceURL  text                     `json:"serviceUrl"`
	Estimated   text                     `json:"estimatedTimeOfDelivery"`
	Frame       carriers.Lenient[frame]  `json:"estimatedDeliveryTimeFrame"`
	Details     carriers.Lenient[detail] `json:"details"`
}

type frame struct {
	Through text `json:"estimatedThrough"`
}

type detail struct {
	PieceIDs carriers.Lenient[[]text] `json:"pieceIds"`
}

type events []json.RawMessage

// scan is an event, and has the form of a shipment's status too.
type scan struct {
	Timestamp   text                    `json:"timestamp"`
	StatusCode  text                    `json:"statusCode"`
	Status      text                    `json:"status"`
	Description text                    `json:"description"`
	Remark      text                    `json:"remark"`
	Location    carriers.Lenient[place] `json:"location"`
}

type place struct {
	Address carriers.Lenient[address] `json:"address"`
}

type address struct {
	Locality   text `json:"addressLocality"`
	PostalCode text `json:"postalCode"`
	Country    text `json:"countryCode"`
}
