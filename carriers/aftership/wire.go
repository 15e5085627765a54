package aftership

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// newTracking has AfterShip follow a parcel. Without a slug it finds out the
// courier itself; some couriers answer only to who knows the postal code.
type newTracking struct {
	TrackingNumber string `json:"tracking_number"`
	Slug           string `json:"slug,omitempty"`
	PostalCode     string `json:"tracking_postal_code,omitempty"`
}

// envelope is what every answer comes in.
type envelope struct {
	Meta carriers.Lenient[meta] `json:"meta"`
	Data json.RawMessage        `json:"data"`
}

type meta struct {
	Code    text `json:"code"`
	Message text `json:"message"`
}

// inner is the parcel of an answer about one: older versions wrap it once more.
func (e envelope) inner() json.RawMessage {
	var wrapped struct {
		Tracking json.RawMessage `json:"tracking"`
	}
	if json.Unmarshal(e.Data, &wrapped) == nil && len(wrapped.Tracking) > 0 {
		return wrapped.Tracking
	}
	return e.Data
}

type list struct {
	Trackings []json.RawMessage `json:"trackings"`
}

type tracking struct {
	ID             text                       `json:"id"`
	TrackingNumber text                       `json:"tracking_number"`
	Tag            text                       `json:"tag"`
	Subtag         text                       `json:"subtag"`
	ReturnToSender carriers.Lenient[bool]     `json:"return_to_sender"`
	Checkpoints    carriers.LenientList       `json:"checkpoints"` // oldest first
	CourierETA     carriers.Lenient[estimate] `json:"courier_estimated_delivery_date"`
	OwnETA         carriers.Lenient[estimate] `json:"aftership_estimated_delivery_date"`
	Destination    text                       `json:"destination_country_region"`
	Link           text                       `json:"courier_tracking_link"`
}

type estimate struct {
	Date text `json:"estimated_delivery_date"`
	Max  text `json:"estimated_delivery_date_max"`
}

// checkpoint is one scan. Webhooks of older versions name its country otherwise.
type checkpoint struct {
	Tag           text `json:"tag"`
	Subtag        text `json:"subtag"`
	SubtagMessage text `json:"subtag_message"`
	Message       text `json:"message"`
	Time          text `json:"checkpoint_time"`
	Location      text `json:"location"`
	City          text `json:"city"`
	State         text `json:"state"`
	Country       text `json:"country_region"` // ISO 3166-1 alpha-3
	CountryName   text `json:"country_region_name"`
	OldCountry    text `json:"country_iso3"`
}

// hook is a webhook.
type hook struct {
	Event   text            `json:"event"`
	EventID text            `json:"event_id"`
	Msg     json.RawMessage `json:"msg"`
}
