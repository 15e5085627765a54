package fedex

import (
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	weather := delay{Status: "DELAYED", Type: "WEATHER"}
	tests := []struct {
		name                      string
		event, derived, exception text
		delay                     delay
		want                      carriers.Status
		wantReason                carriers.Reason
	}{
		{"the type refines", "OD", "IT", "", delay{}, carriers.StatusOutForDelivery, ""},
		{"a new type", "Z9", "IT", "", delay{}, carriers.StatusInTransit, ""},
		{"a new type, delivered", "Z9", "DL", "", delay{}, carriers.StatusDelivered, ""},
		{"new codes", "Z9", "Z9", "08", weather, carriers.StatusInfo, ""},
		{"no codes", "", "", "", delay{}, carriers.StatusInfo, ""},
		{"on the way", "Ow", "", "", delay{}, carriers.StatusInTransit, ""},
		{"announced", "OC", "IN", "", delay{}, carriers.StatusInfoReceived, ""},
		{"sent to USPS", "OX", "", "", delay{}, carriers.StatusInfoReceived, ""},
		{"picked up", "PU", "PU", "", delay{}, carriers.StatusPickedUp, ""},
		{"arriving on time", "AO", "IT", "", delay{}, carriers.StatusInfo, ""},
		{"arriving early", "AE", "IT", "", delay{}, carriers.StatusInfo, ""},
		{"a wish taken back, or the recipient", "RC", "IT", "", delay{}, carriers.StatusInfo, ""},
		{"canceled", "CA", "CA", "", delay{}, carriers.StatusCanceled, ""},
		{"the carrier holds it", "CA", "IT", "", delay{}, carriers.StatusInTransit, ""},
		{"CA alone", "CA", "", "", delay{}, carriers.StatusInfo, ""},
		{"split", "SP", "IT", "", delay{}, carriers.StatusInTransit, ""},
		{"held", "HL", "HL", "", delay{}, carriers.StatusAvailableForPickup, ""},
		{"ready", "HP", "HL", "", delay{}, carriers.StatusAvailableForPickup, ""},
		{"delay", "", "DY", "", delay{}, carriers.StatusInTransit, carriers.ReasonDelay},
		{"a delayed arrival", "AR", "DY", "", delay{}, carriers.StatusInTransit, carriers.ReasonDelay},
		{"a delay with its cause", "DY", "DY", "", weather, carriers.StatusInTransit, carriers.ReasonWeather},
		{"a delay of another kind", "IT", "IT", "", delay{Status: "DELAYED", Type: "LOCAL"}, carriers.StatusInTransit, carriers.ReasonDelay},
		{"on time", "IT", "IT", "", delay{Status: "ON_TIME", Type: "WEATHER"}, carriers.StatusInTransit, ""},
		{"delivered late", "DL", "DL", "", weather, carriers.StatusDelivered, ""},
		{"nobody there", "DE", "DE", "08", delay{}, carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
		{"refused", "DE", "DE", "07", delay{}, carriers.StatusDeliveryFailed, carriers.ReasonRecipientRefused},
		{"a new exception", "SE", "SE", "999", delay{}, carriers.StatusException, ""},
		{"at customs", "CD", "SE", "", delay{}, carriers.StatusException, carriers.ReasonCustoms},
		{"in clearance", "CP", "IT", "", delay{}, carriers.StatusInTransit, carriers.ReasonCustoms},
		{"cleared", "CC", "IT", "", delay{}, carriers.StatusInTransit, ""},
		{"on the way back", "RS", "RS", "", delay{}, carriers.StatusReturning, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if status, reason := meaningOf(tt.event, tt.derived, tt.exception, tt.delay); status != tt.want || reason != tt.wantReason {
				t.Errorf("meaningOf() = %s (%q), want %s (%q)", status, reason, tt.want, tt.wantReason)
			}
		})
	}
}
