package easypost

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// question makes a tracker. Without a carrier EasyPost finds out itself.
type question struct {
	Tracker newTracker `json:"tracker"`
}

type newTracker struct {
	TrackingCode string `json:"tracking_code"`
	Carrier      string `json:"carrier,omitempty"`
}

// list is what several trackers come in.
type list struct {
	Trackers []json.RawMessage `json:"trackers"`
}

type tracker struct {
	ID           text                           `json:"id"`
	TrackingCode text                           `json:"tracking_code"`
	Status       text                           `json:"status"`
	StatusDetail text                           `json:"status_detail"`
	EstDelivery  text                           `json:"est_delivery_date"`
	Details      carriers.LenientList           `json:"tracking_details"` // oldest first
	Carrier      carriers.Lenient[carrierFacts] `json:"carrier_detail"`
	PublicURL    text                           `json:"public_url"`
}

// carrierFacts are what the carrier itself said of the parcel as a whole.
type carrierFacts struct {
	EstDeliveryDay  text                       `json:"est_delivery_date_local"`
	EstDeliveryTime text                       `json:"est_delivery_time_local"`
	Destination     carriers.Lenient[location] `json:"destination_tracking_location"`
}

// detail is one scan.
type detail struct {
	Message      text                       `json:"message"`
	Description  text                       `json:"description"`
	Status       text                       `json:"status"`
	StatusDetail text                       `json:"status_detail"`
	Datetime     text                       `json:"datetime"`
	CarrierCode  text                       `json:"carrier_code"`
	Location     carriers.Lenient[location] `json:"tracking_location"`
}

type location struct {
	City    text `json:"city"`
	State   text `json:"state"`
	Country text `json:"country"`
	Zip     text `json:"zip"`
}

// event is a webhook. Its result is a tracker when the description says so.
type event struct {
	ID          text            `json:"id"`
	Description text            `json:"description"`
	Result      json.RawMessage `json:"result"`
}
