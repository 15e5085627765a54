package easypost

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status, detail text
		want           carriers.Status
		wantReason     carriers.Reason
	}{
		{"pre_transit", "label_created", carriers.StatusInfoReceived, ""},
		{"in_transit", "arrived_at_facility", carriers.StatusInTransit, ""},
		{"in_transit", "unknown", carriers.StatusInTransit, ""},
		{"in_transit", "delayed", carriers.StatusInTransit, carriers.ReasonDelay},
		{"in_transit", "weather_delay", carriers.StatusInTransit, carriers.ReasonWeather},
		{"in_transit", "held", carriers.StatusInTransit, carriers.ReasonHeld},
		{"in_transit", "missorted", carriers.StatusInTransit, carriers.ReasonMisrouted},
		{"in_transit", "address_correction", carriers.StatusInTransit, carriers.ReasonAddressProblem},
		{"in_transit", "received_at_origin_facility", carriers.StatusPickedUp, ""},
		{"in_transit", "return", carriers.StatusReturning, ""},
		{"out_for_delivery", "out_for_delivery", carriers.StatusOutForDelivery, ""},
		{"available_for_pickup", "arrived_at_pickup_location", carriers.StatusAvailableForPickup, ""},
		{"delivered", "arrived_at_destination", carriers.StatusDelivered, ""},
		{"delivered", "damaged", carriers.StatusDelivered, ""},
		{"return_to_sender", "return", carriers.StatusReturning, ""},
		{"return_to_sender", "refused", carriers.StatusReturning, carriers.ReasonRecipientRefused},
		{"failure", "status_update", carriers.StatusException, ""},
		{"failure", "refused", carriers.StatusException, carriers.ReasonRecipientRefused},
		{"failure", "lost", carriers.StatusException, carriers.ReasonLost},
		{"failure", "return", carriers.StatusReturning, ""},
		{"cancelled", "cancelled", carriers.StatusCanceled, ""},
		{"error", "", carriers.StatusInfo, ""},
		{"unknown", "unknown", carriers.StatusInfo, ""},
		{"unknown", "delivered", carriers.StatusInfo, ""},
		{"", "", carriers.StatusInfo, ""},
		{"Delivered", "", carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s", tt.status, tt.detail), func(t *testing.T) {
			t.Parallel()
			if status, reason := meaning(tt.status, tt.detail); status != tt.want || reason != tt.wantReason {
				t.Errorf("meaning() = %s (%q), want %s (%q)", status, reason, tt.want, tt.wantReason)
			}
		})
	}
}

func TestRefine(t *testing.T) {
	t.Parallel()
	problem := func(code string) string { return `{"error":{"code":"` + code + `","message":"Words.","errors":[]}}` }
	tests := []struct {
		name   string
		status int
		body   string
		from   carriers.ErrorKind // of the HTTP status
		want   carriers.ErrorKind
	}{
		{"a number that cannot be followed", 422, problem("TRACKER.CREATE.ERROR"), carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"the same tracker is being made", 422,
			`{"error":{"code":"TRACKER.CREATE.ERROR","message":"A duplicate request is in-flight"}}`, carriers.ErrBadRequest, carriers.ErrUnavailable},
		{"no such tracker", 404, problem("NOT_FOUND"), carriers.ErrNotFound, carriers.ErrNotFound},
		{"a carrier without credentials", 404, problem("CREDENTIALS_NOT_FOUND"), carriers.ErrNotFound, carriers.ErrForbidden},
		{"an unknown code of a 404", 404, problem("NEW.CODE"), carriers.ErrNotFound, carriers.ErrNotFound},
		{"a 404 of another API", 404, `{"detail":"no"}`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a page", 404, `<html>`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"words in place of an error", 400, `{"error":"no"}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"a key of another mode", 403, problem("MODE.UNAUTHORIZED"), carriers.ErrForbidden, carriers.ErrAuth},
		{"no money left", 402, problem("PAYMENT_REQUIRED"), carriers.ErrBadRequest, carriers.ErrForbidden},
		{"no money left, in a new way", 402, problem("NEW.CODE"), carriers.ErrBadRequest, carriers.ErrForbidden},
		{"throttled", 429, problem("NOT_FOUND"), carriers.ErrRateLimited, carriers.ErrRateLimited},
		{"a retired key", 401, problem("NOT_FOUND"), carriers.ErrAuth, carriers.ErrAuth},
		{"an outage", 503, problem("NOT_FOUND"), carriers.ErrUnavailable, carriers.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := refine(&carriers.Error{Kind: tt.from, HTTPStatus: tt.status, Message: http.StatusText(tt.status), Raw: []byte(tt.body)})
			if got.Kind != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}
