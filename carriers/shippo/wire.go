package shippo

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// track is what Shippo knows of a parcel, in answers and webhooks.
type track struct {
	Carrier   text                     `json:"carrier"`
	Number    text                     `json:"tracking_number"`
	Status    carriers.Lenient[scan]   `json:"tracking_status"`
	History   carriers.LenientList     `json:"tracking_history"` // oldest first, not guaranteed
	ETA       text                     `json:"eta"`
	AddressTo carriers.Lenient[places] `json:"address_to"`
}

type scan struct {
	Status    text                        `json:"status"`
	Details   text                        `json:"status_details"`
	Date      text                        `json:"status_date"`
	Substatus carriers.Lenient[substatus] `json:"substatus"`
	Location  carriers.Lenient[places]    `json:"location"`
}

type substatus struct {
	Code           text                   `json:"code"`
	Text           text                   `json:"text"`
	ActionRequired carriers.Lenient[bool] `json:"action_required"`
}

type places struct {
	City    text `json:"city"`
	State   text `json:"state"`
	Zip     text `json:"zip"`
	Country text `json:"country"`
}

// hook is a webhook. Its data is a track when the event says so.
type hook struct {
	Event text            `json:"event"`
	Data  json.RawMessage `json:"data"`
}
