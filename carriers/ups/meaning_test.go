package ups

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		status     status
		want       carriers.Status
		wantReason carriers.Reason
	}{
		{"the code before the type", status{Type: "D", Code: "OT", StatusCode: "021"}, carriers.StatusOutForDelivery, ""},
		{"a real header", status{Code: "005", Description: "On the Way"}, carriers.StatusInTransit, ""},
		{"a new code", status{Type: "I", Code: "XX", StatusCode: "999"}, carriers.StatusInfo, ""},
		{"delivered", status{StatusCode: "011"}, carriers.StatusDelivered, ""},
		{"delivered by the post", status{StatusCode: "026"}, carriers.StatusDelivered, ""},
		{"delivered to an access point", status{StatusCode: "161"}, carriers.StatusAvailableForPickup, ""},
		{"voided", status{StatusCode: "007"}, carriers.StatusCanceled, ""},
		{"asked for cash", status{StatusCode: "062"}, carriers.StatusDeliveryFailed, carriers.ReasonPaymentDue},
		{"cleared", status{StatusCode: "014"}, carriers.StatusInTransit, ""},
		{"refused", status{StatusCode: "064"}, carriers.StatusException, carriers.ReasonRecipientRefused},
		{"a wish", status{StatusCode: "106"}, carriers.StatusInfo, ""},
		{"D with letters of a delivery", status{Type: "D", Code: "FS"}, carriers.StatusDelivered, ""},
		{"D on the way to a delivery", status{Type: "D", Code: "OT"}, carriers.StatusOutForDelivery, ""},
		{"D with other letters", status{Type: "D", Code: "ZZ", Description: "Delivered"}, carriers.StatusInfo, ""},
		{"D alone", status{Type: "D", Description: "Delivered"}, carriers.StatusInfo, ""},
		{"OT under way", status{Type: "I", Code: "OT"}, carriers.StatusOutForDelivery, ""},
		{"OT as an exception", status{Type: "X", Code: "OT"}, carriers.StatusException, carriers.ReasonCustomsDocuments},
		{"DL as an exception", status{Type: "X", Code: "DL", Description: "Delivery will be to the sender"}, carriers.StatusReturning, ""},
		{"EX as an exception", status{Type: "X", Code: "EX"}, carriers.StatusException, ""},
		{"letters without a type", status{Code: "OT"}, carriers.StatusInfo, ""},
		{"M", status{Type: "M", Code: "MP"}, carriers.StatusInfoReceived, ""},
		{"MV", status{Type: "mv", Code: "VM"}, carriers.StatusCanceled, ""},
		{"U", status{Type: "U"}, carriers.StatusInfo, ""},
		{"freight at the first hub", status{Type: "DO", Description: "Delivered Origin CFS"}, carriers.StatusInfo, ""},
		{"text alone", status{Description: "Delivered"}, carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.status.meaning(); got.status != tt.want || got.reason != tt.wantReason {
				t.Errorf("meaning() = %s (%q), want %s (%q)", got.status, got.reason, tt.want, tt.wantReason)
			}
		})
	}
	for code, m := range byStatusCode {
		if !threeDigits.MatchString(code) || (m.status != carriers.StatusInfo && !carriers.Milestone(m.status)) {
			t.Errorf("code %s means %q", code, m.status)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, clock := range []string{"74700", "074700", "07:47:00", "7:47:00"} {
		raw, err := json.Marshal(map[string]any{"date": "20260302", "time": "084700", "gmtDate": "20260302", "gmtTime": clock})
		if err != nil {
			t.Fatal(err)
		}
		e, utc := event(raw)
		e.SetInstant(utc)
		if e.Offset == nil || *e.Offset != 60 || e.LocalTime != "2026-03-02T08:47:00" {
			t.Errorf("gmtTime %s: %+v", clock, e)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"a bad number", refusalOf(http.StatusBadRequest, "TV1002"), carriers.ErrBadRequest},
		{"a bad number in a 200", refusalOf(http.StatusOK, "TV1002"), carriers.ErrBadRequest},
		{"an unknown number as 404", refusalOf(http.StatusNotFound, "TW0001"), carriers.ErrNotFound},
		{"a 404 with another code", refusalOf(http.StatusNotFound, "TV0404"), carriers.ErrNotFound},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: `{"message":"no route"}`}, carriers.ErrMalformed},
		{"a licence as 400", refusalOf(http.StatusBadRequest, "250003"), carriers.ErrAuth},
		{"a password as 403", refusalOf(http.StatusForbidden, "251004"), carriers.ErrAuth},
		{"a user", refusalOf(http.StatusUnauthorized, "UJ0001"), carriers.ErrAuth},
		{"forbidden", refusalOf(http.StatusForbidden, "1"), carriers.ErrForbidden},
		{"throttled in a 403", refusalOf(http.StatusForbidden, "10429"), carriers.ErrRateLimited},
		{"an outage", refusalOf(http.StatusServiceUnavailable, "1"), carriers.ErrUnavailable},
		{"another warning", ok(`{"trackResponse":{"shipment":[{"warnings":[{"code":"TW1"}]}]}}`), carriers.ErrMalformed},
		{"an empty package", ok(`{"trackResponse":{"shipment":[{"package":[{}]}]}}`), carriers.ErrMalformed},
		{"other packages only", ok(`{"trackResponse":{"shipment":[{"package":[
			{"trackingNumber":"1","currentStatus":{"code":"011"}},{"trackingNumber":"2","currentStatus":{"code":"011"}}]}]}}`), carriers.ErrNotFound},
		{"a single package by another number", ok(`{"trackResponse":{"shipment":{"package":{"trackingNumber":"1","currentStatus":{"code":"011"}}}}}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := spec(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if reply := s.Before(r); reply != nil {
					reply.ServeHTTP(w, r)
					return
				}
				tt.reply.ServeHTTP(w, r)
			}))
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), []carriers.Parcel{s.Parcel})[0]
			switch {
			case tt.want == "" && got.Err != nil:
				t.Error(got.Err)
			case tt.want != "" && (got.Err == nil || got.Err.Kind != tt.want):
				t.Errorf("error = %v, want %s", got.Err, tt.want)
			}
			if tt.name == "a bad number" {
				if _, err := New(server.Client()).Test(t.Context(), account(server.URL)); err != nil {
					t.Errorf("good credentials: %v", err)
				}
			}
		})
	}
}
