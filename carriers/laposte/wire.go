package laposte

import "github.com/tillpost/tillpost/carriers"

type text = carriers.JSONText

// element is what La Poste says of one number; for several it sends a list.
type element struct {
	ReturnCode    text                        `json:"returnCode"`
	ReturnMessage text                        `json:"returnMessage"`
	ID            text                        `json:"idShip"`
	Shipment      *carriers.Lenient[shipment] `json:"shipment"`

	// Of the gateway before the API.
	Code    text `json:"code"`
	Message text `json:"message"`
}

type shipment struct {
	ID       text                 `json:"idShip"`
	Final    text                 `json:"isFinal"`
	Events   carriers.LenientList `json:"event"` // newest first
	Estimate text                 `json:"estimDate"`
	URL      text                 `json:"url"`
}

// scan has no place but in its label.
type scan struct {
	Code  text `json:"code"`
	Label text `json:"label"`
	Date  text `json:"date"`
}
