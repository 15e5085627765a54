package models

import "time"

// EndpointJSON is a webhook endpoint as the API shows it; Secret is set in the
// answers to create and rotate only, and the values of headers never.
type EndpointJSON struct {
	ID             string     `json:"id"`
	URL            string     `json:"url"`
	Events         []string   `json:"events" nullable:"false" doc:"Empty: all types"`
	Description    string     `json:"description"`
	HeaderNames    []string   `json:"header_names" nullable:"false" doc:"Of the custom headers, whose values are never shown"`
	RatePerSecond  int        `json:"rate_per_second" doc:"Deliveries that begin in a second; 0: no limit"`
	MaxInFlight    int        `json:"max_in_flight" doc:"Deliveries under way at once"`
	Enabled        bool       `json:"enabled" doc:"false: nothing is sent, and what happens is listed as missed"`
	DisabledReason *string    `json:"disabled_reason" enum:"gone,failing,person" doc:"gone: it answered 410; failing: nothing but failures for five days"`
	Paused         bool       `json:"paused" doc:"true: deliveries are made and wait"`
	FailingSince   *time.Time `json:"failing_since" doc:"Since when deliveries only fail"`
	RotationEndsAt *time.Time `json:"rotation_ends_at" doc:"Until then the secret before the present one signs too; each that was replaced does for 24 hours"`
	Secret         string     `json:"secret,omitempty" doc:"Shown once, after creation and rotation"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
}

// Object renders the endpoint as it is at a time, without its secrets.
func (e *Endpoint) Object(now time.Time) EndpointJSON {
	o := EndpointJSON{
		ID: e.ID, URL: e.URL, Events: e.Events, Description: e.Description,
		HeaderNames: e.HeaderNames, RatePerSecond: e.RatePerSecond, MaxInFlight: e.MaxInFlight,
		Enabled: e.DisabledAt == nil, Paused: e.PausedAt != nil, FailingSince: e.FailingSince,
		RotationEndsAt: e.PreviousSecretUntil(now), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	if e.DisabledAt != nil {
		o.DisabledReason = &e.DisabledReason
	}
	if o.Events == nil {
		o.Events = []string{}
	}
	if o.HeaderNames == nil {
		o.HeaderNames = []string{}
	}
	return o
}
