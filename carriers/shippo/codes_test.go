package shippo

import (
	"fmt"
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status, code text
		action       bool
		want         carriers.Status
		wantReason   carriers.Reason
	}{
		{"PRE_TRANSIT", "information_received", false, carriers.StatusInfoReceived, ""},
		{"TRANSIT", "", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "", true, carriers.StatusException, carriers.ReasonActionRequired},
		{"TRANSIT", "address_issue", true, carriers.StatusException, carriers.ReasonAddressProblem},
		{"TRANSIT", "address_issue", false, carriers.StatusInTransit, carriers.ReasonAddressProblem},
		{"TRANSIT", "contact_carrier", true, carriers.StatusException, carriers.ReasonActionRequired},
		{"TRANSIT", "delayed", false, carriers.StatusInTransit, carriers.ReasonDelay},
		{"TRANSIT", "delivery_attempted", true, carriers.StatusDeliveryFailed, ""},
		{"TRANSIT", "delivery_rescheduled", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "delivery_scheduled", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "location_inaccessible", true, carriers.StatusException, carriers.ReasonAccessRestricted},
		{"TRANSIT", "notice_left", true, carriers.StatusDeliveryFailed, ""},
		{"TRANSIT", "out_for_delivery", false, carriers.StatusOutForDelivery, ""},
		{"TRANSIT", "package_accepted", false, carriers.StatusPickedUp, ""},
		{"TRANSIT", "package_arrived", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "package_damaged", true, carriers.StatusException, carriers.ReasonDamaged},
		{"TRANSIT", "package_departed", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "package_forwarded", false, carriers.StatusInTransit, carriers.ReasonRedirected},
		{"TRANSIT", "package_held", false, carriers.StatusInTransit, carriers.ReasonHeld},
		{"TRANSIT", "package_held", true, carriers.StatusException, carriers.ReasonHeld},
		{"TRANSIT", "package_processed", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "package_processing", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "pickup_available", true, carriers.StatusAvailableForPickup, ""},
		{"TRANSIT", "reschedule_delivery", true, carriers.StatusException, carriers.ReasonActionRequired},
		{"TRANSIT", "delivered", false, carriers.StatusInTransit, ""},
		{"TRANSIT", "other", false, carriers.StatusInTransit, ""},
		{"DELIVERED", "delivered", false, carriers.StatusDelivered, ""},
		{"DELIVERED", "package_damaged", true, carriers.StatusDelivered, ""},
		{"RETURNED", "return_to_sender", true, carriers.StatusReturning, ""},
		{"RETURNED", "package_unclaimed", true, carriers.StatusReturning, carriers.ReasonUnclaimed},
		{"FAILURE", "package_undeliverable", true, carriers.StatusException, carriers.ReasonUndeliverable},
		{"FAILURE", "package_disposed", true, carriers.StatusException, carriers.ReasonDestroyed},
		{"FAILURE", "package_lost", true, carriers.StatusException, carriers.ReasonLost},
		{"FAILURE", "return_to_sender", true, carriers.StatusReturning, ""},
		{"FAILURE", "delivered", false, carriers.StatusException, ""},
		{"FAILURE", "", false, carriers.StatusException, ""},
		{"UNKNOWN", "other", false, carriers.StatusInfo, ""},
		{"UNKNOWN", "delivered", false, carriers.StatusInfo, ""},
		{"delivered", "", false, carriers.StatusInfo, ""},
		{"", "delivered", false, carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %t", tt.status, tt.code, tt.action), func(t *testing.T) {
			t.Parallel()
			s := scan{Status: tt.status}
			s.Substatus.V.Code, s.Substatus.V.ActionRequired.V = tt.code, tt.action
			if status, reason := s.meaning(); status != tt.want || reason != tt.wantReason {
				t.Errorf("meaning() = %s (%q), want %s (%q)", status, reason, tt.want, tt.wantReason)
			}
		})
	}
}

func TestRefine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		from carriers.ErrorKind // of the HTTP status
		want carriers.ErrorKind
	}{
		{"no such parcel", `{"detail":"Not there."}`, carriers.ErrNotFound, carriers.ErrNotFound},
		{"a page", `<html>`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"an empty 404", `{}`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a list", `["no"]`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a wrong field", `{"carrier":["No."]}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"a wrong token", `{"detail":"No."}`, carriers.ErrAuth, carriers.ErrAuth},
		{"an outage", `<html>`, carriers.ErrUnavailable, carriers.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := refine(&carriers.Error{Kind: tt.from, Message: "m", Raw: []byte(tt.body)}); got.Kind != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}
