package aftership

import (
	"fmt"
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		tag, subtag text
		want        carriers.Status
		wantReason  carriers.Reason
	}{
		{"Pending", "Pending_001", carriers.StatusInfo, ""},
		{"Expired", "Expired_001", carriers.StatusInfo, ""},
		{"InfoReceived", "InfoReceived_001", carriers.StatusInfoReceived, ""},
		{"InTransit", "InTransit_001", carriers.StatusInTransit, ""},
		{"InTransit", "InTransit_002", carriers.StatusPickedUp, ""},
		{"InTransit", "InTransit_003", carriers.StatusInTransit, ""},
		{"InTransit", "InTransit_005", carriers.StatusInTransit, ""},
		{"InTransit", "InTransit_006", carriers.StatusInTransit, carriers.ReasonCustoms},
		{"InTransit", "InTransit_009", carriers.StatusInTransit, carriers.ReasonRedirected},
		{"OutForDelivery", "OutForDelivery_001", carriers.StatusOutForDelivery, ""},
		{"OutForDelivery", "OutForDelivery_002", carriers.StatusAvailableForPickup, ""},
		{"OutForDelivery", "OutForDelivery_003", carriers.StatusInfo, ""},
		{"OutForDelivery", "OutForDelivery_004", carriers.StatusInfo, ""},
		{"AttemptFail", "AttemptFail_001", carriers.StatusDeliveryFailed, ""},
		{"AttemptFail", "AttemptFail_002", carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
		{"AttemptFail", "AttemptFail_003", carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
		{"AvailableForPickup", "AvailableForPickup_001", carriers.StatusAvailableForPickup, ""},
		{"Delivered", "Delivered_001", carriers.StatusDelivered, ""},
		{"Delivered", "Delivered_005", carriers.StatusDelivered, ""},
		{"Exception", "Exception_001", carriers.StatusException, ""},
		{"Exception", "Exception_002", carriers.StatusException, carriers.ReasonAddressProblem},
		{"Exception", "Exception_003", carriers.StatusException, carriers.ReasonRecipientRefused},
		{"Exception", "Exception_004", carriers.StatusInTransit, carriers.ReasonCustoms},
		{"Exception", "Exception_005", carriers.StatusInTransit, carriers.ReasonDelay},
		{"Exception", "Exception_006", carriers.StatusException, carriers.ReasonPaymentDue},
		{"Exception", "Exception_007", carriers.StatusException, carriers.ReasonAddressProblem},
		{"Exception", "Exception_008", carriers.StatusException, carriers.ReasonUnclaimed},
		{"Exception", "Exception_009", carriers.StatusException, ""},
		{"Exception", "Exception_010", carriers.StatusReturning, ""},
		{"Exception", "Exception_011", carriers.StatusReturned, ""},
		{"Exception", "Exception_012", carriers.StatusException, carriers.ReasonDamaged},
		{"Exception", "Exception_013", carriers.StatusException, carriers.ReasonLost},
		{"Exception", "Exception_016", carriers.StatusInTransit, carriers.ReasonDelay},
		{"Exception", "Exception_017", carriers.StatusInTransit, carriers.ReasonWeather},
		{"Exception", "Exception_018", carriers.StatusException, carriers.ReasonCustomsDocuments},
		{"Exception", "Exception_019", carriers.StatusInTransit, carriers.ReasonDelay},
		{"Exception", "Exception_020", carriers.StatusCanceled, ""},
		{"Exception", "Exception_021", carriers.StatusException, carriers.ReasonDestroyed},
		{"Exception", "", carriers.StatusException, ""},
		{"Exception", "Exception_999", carriers.StatusException, ""},
		{"delivered", "", carriers.StatusInfo, ""},
		{"", "Delivered", carriers.StatusInfo, ""},
		{"", "", carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s", tt.tag, tt.subtag), func(t *testing.T) {
			t.Parallel()
			if status, reason := meaning(tt.tag, tt.subtag); status != tt.want || reason != tt.wantReason {
				t.Errorf("meaning() = %s (%q), want %s (%q)", status, reason, tt.want, tt.wantReason)
			}
		})
	}
}

func TestAlpha2(t *testing.T) {
	t.Parallel()
	for alpha3, country := range alpha2 {
		if carriers.ZoneOf(country) == nil {
			t.Errorf("%s: %s keeps no single time", alpha3, country)
		}
	}
}

func TestRefine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		from   carriers.ErrorKind // of the HTTP status
		want   carriers.ErrorKind
	}{
		{"no such parcel", 404, `{"meta":{"code":4004}}`, carriers.ErrNotFound, carriers.ErrNotFound},
		{"no such parcel, code as text", 400, `{"meta":{"code":"4004"}}`, carriers.ErrBadRequest, carriers.ErrNotFound},
		{"no such address", 404, `{"meta":{"code":404}}`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a 404 of another API", 404, `{"detail":"no"}`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a page", 404, `<html>`, carriers.ErrNotFound, carriers.ErrMalformed},
		{"a wrong number", 400, `{"meta":{"code":4005}}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"a wrong slug", 400, `{"meta":{"code":4010}}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"no courier", 400, `{"meta":{"code":4012}}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"a wrong format", 400, `{"meta":{"code":4017}}`, carriers.ErrBadRequest, carriers.ErrBadRequest},
		{"a wrong key", 401, `{"meta":{"code":4004}}`, carriers.ErrAuth, carriers.ErrAuth},
		{"a wrong key, told otherwise", 403, `{"meta":{"code":401}}`, carriers.ErrForbidden, carriers.ErrAuth},
		{"not allowed", 403, `{"meta":{"code":403}}`, carriers.ErrForbidden, carriers.ErrForbidden},
		{"throttled", 429, `{"meta":{"code":4004}}`, carriers.ErrRateLimited, carriers.ErrRateLimited},
		{"an outage", 503, `{"meta":{"code":4004}}`, carriers.ErrUnavailable, carriers.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := refine(&carriers.Error{Kind: tt.from, HTTPStatus: tt.status, Message: "m", Raw: []byte(tt.body)})
			if got.Kind != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
	for code, want := range map[string]carriers.ErrorKind{
		"4004": carriers.ErrNotFound, "401": carriers.ErrAuth, "429": carriers.ErrRateLimited, "503": carriers.ErrUnavailable,
		"4008": carriers.ErrBadRequest,
	} {
		if _, failure := parse([]byte(`{"meta":{"code":` + code + `,"message":"m"},"data":{}}`)); failure == nil || failure.Kind != want {
			t.Errorf("%s inside a success: %v, want %s", code, failure, want)
		}
	}
}
