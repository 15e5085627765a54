package seventeentrack

import (
	"encoding/json"

	"github.com/tillpost/tillpost/carriers"
)

type text = carriers.JSONText

// wireNumber is a number in a question. A carrier of 0 lets 17TRACK choose.
type wireNumber struct {
	Number  string `json:"number"`
	Carrier int    `json:"carrier,omitempty"`
	Detect  bool   `json:"auto_detection,omitempty"`
	Param   string `json:"param,omitempty"` // what the carrier wants to know beside the number
}

// envelope is what 17TRACK puts around each answer.
type envelope struct {
	Code text            `json:"code"`
	Data json.RawMessage `json:"data"`
}

// outcomes tells of each number that was asked for. Errors stand here when the
// whole question was refused.
type outcomes struct {
	Accepted carriers.LenientList          `json:"accepted"`
	Rejected carriers.LenientList          `json:"rejected"`
	Errors   carriers.Lenient[[]wireError] `json:"errors"`
}

type rejected struct {
	Number text                        `json:"number"`
	Error  carriers.Lenient[wireError] `json:"error"`
}

type wireError struct {
	Code    text `json:"code"`
	Message text `json:"message"`
}

type quota struct {
	Left text `json:"quota_remain"`
}

// accepted is a number with what is known of it; a webhook has the same form.
type accepted struct {
	Number  text                    `json:"number"`
	Carrier text                    `json:"carrier"`
	Info    carriers.Lenient[*info] `json:"track_info"`
}

type info struct {
	Latest   carriers.Lenient[latest]   `json:"latest_status"`
	Event    carriers.Lenient[event]    `json:"latest_event"`
	Metrics  carriers.Lenient[metrics]  `json:"time_metrics"`
	Tracking carriers.Lenient[tracking] `json:"tracking"`
}

type latest struct {
	Status    text `json:"status"`
	SubStatus text `json:"sub_status"`
}

type metrics struct {
	Estimated carriers.Lenient[window] `json:"estimated_delivery_date"`
}

type window struct {
	From text `json:"from"`
	To   text `json:"to"`
}

type tracking struct {
	Providers carriers.LenientList `json:"providers"`
}

// provider is one of those who carry the parcel, with its own scans.
type provider struct {
	Events carriers.LenientList `json:"events"` // newest first
}

type event struct {
	ISO         text                      `json:"time_iso"`
	UTC         text                      `json:"time_utc"`
	Raw         carriers.Lenient[rawTime] `json:"time_raw"`
	Description text                      `json:"description"`
	Location    text                      `json:"location"`
	Address     carriers.Lenient[address] `json:"address"`
	Stage       text                      `json:"stage"`
	SubStatus   text                      `json:"sub_status"`
}

// rawTime is a time as the carrier gave it; parts that it did not give are empty.
type rawTime struct {
	Date text `json:"date"`
	Time text `json:"time"`
	Zone text `json:"timezone"`
}

type address struct {
	Country    text `json:"country"`
	State      text `json:"state"`
	City       text `json:"city"`
	PostalCode text `json:"postal_code"`
}
