package canadapost

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tillpost/tillpost/carriers"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		codes  []string
		want   carriers.Status
		reason carriers.Reason
	}{
		{[]string{"1408", "1409", "1421", "1428", "1434", "1441", "1442", "1496", "1499"}, carriers.StatusDelivered, ""},
		{[]string{"100", "0100", "107", "1400", "1405"}, carriers.StatusPickedUp, ""},
		{[]string{"174", "0174"}, carriers.StatusOutForDelivery, ""},
		{[]string{"117", "0120", "121"}, carriers.StatusException, carriers.ReasonCustomsDocuments},
		{[]string{"125", "127", "1494"}, carriers.StatusException, carriers.ReasonCustomsDuties},
		{[]string{"810", "1443", "1484", "1487"}, carriers.StatusException, carriers.ReasonCustoms},
		{[]string{"1411", "1414", "2411", "2414", "4700"}, carriers.StatusException, carriers.ReasonHeld},
		{[]string{"0173", "173"}, carriers.StatusInTransit, carriers.ReasonAddressProblem},
		{[]string{"1479"}, carriers.StatusDeliveryFailed, ""},
		{[]string{"1435", "1436", "1437"}, carriers.StatusAvailableForPickup, ""},
		{[]string{"20", "0020"}, carriers.StatusInfo, ""}, // a signature's image is no delivery
		{[]string{"", "0", "1", "1410", "1420", "1435 ", "14961", "delivered", "9999"}, carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		for _, code := range tt.codes {
			if got := meaningOf(code); got.status != tt.want || got.reason != tt.reason {
				t.Errorf("meaningOf(%q) = %v, want %s %s", code, got, tt.want, tt.reason)
			}
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, province string
		want           string // the instant of noon on 10 July; empty: unknown
	}{
		{"EST", "ON", "2026-07-10T17:00:00Z"}, // as written, although it is summer
		{"edt", "ON", "2026-07-10T16:00:00Z"},
		{"NDT", "NL", "2026-07-10T14:30:00Z"},
		{"PDT", "", "2026-07-10T19:00:00Z"},
		{"", "NS", "2026-07-10T15:00:00Z"},
		{"Canada", "MB", "2026-07-10T17:00:00Z"},
		{"Germany", "", "2026-07-10T10:00:00Z"},
		{"JP", "", "2026-07-10T03:00:00Z"},
		{"", "BC", ""}, // two zones
		{"", "", ""},
		{"CANADA", "NL", ""},
		{"United States", "MB", ""}, // not the province of that name
		{"XYZ", "NS", ""},
	}
	for _, tt := range tests {
		e := occurrence{Date: "2026-07-10", Time: "12:00:00", Zone: tt.zone, Province: tt.province}.event()
		got := ""
		if e.OccurredAt != nil {
			got = e.OccurredAt.Format("2006-01-02T15:04:05Z07:00")
		}
		if got != tt.want || e.LocalTime != "2026-07-10T12:00:00" {
			t.Errorf("%q in %q: %q (local %q), want %q", tt.zone, tt.province, got, e.LocalTime, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   carriers.ErrorKind
	}{
		{"no history", 404, said("004", "No PIN History"), carriers.ErrNotFound},
		{"no history in a good answer", 200, "<wrapper>" + said("004", "No PIN History") + "</wrapper>", carriers.ErrNotFound},
		{"no history, refused", 400, said("004", "No PIN History"), carriers.ErrNotFound},
		{"credentials", 401, said("E002", "AAA Authentication Failure"), carriers.ErrAuth},
		{"credentials in a good answer", 200, said("E002", "AAA Authentication Failure"), carriers.ErrAuth},
		{"a deactivated user", 403, said("AA01", "User deactivated"), carriers.ErrAuth},
		{"throttled", 500, said("Server", "Rejected by SLM Monitor"), carriers.ErrRateLimited},
		{"throttled in a good answer", 200, said("Server", "Rejected By SLM monitor."), carriers.ErrRateLimited},
		{"the second message counts", 200, `<messages><message><code>1</code></message><message><code>E002</code></message></messages>`, carriers.ErrAuth},
		{"unknown", 400, said("8534", "Something else"), carriers.ErrBadRequest},
		{"unknown in a good answer", 200, said("8534", "Something else"), carriers.ErrUnavailable},
		{"unknown in a 404", 404, said("8534", "Something else"), carriers.ErrNotFound},
		{"no messages", 200, `<messages/>`, carriers.ErrMalformed},
		{"a failure", 500, said("9999", "Internal error"), carriers.ErrUnavailable},
		{"another site's 404", 404, "<html><body>Not found</body></html>", carriers.ErrMalformed},
		{"another service's 404", 404, `{"title":"Not found"}`, carriers.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			account := carriers.Account{BaseURL: server.URL, Fields: map[string]string{"username": username, "password": password}}
			got := New(server.Client()).Track(t.Context(), account, []carriers.Parcel{{Number: number}})[0]
			if got.Err == nil || got.Err.Kind != tt.want || got.Err.HTTPStatus != tt.status || len(got.Err.Raw) == 0 {
				t.Errorf("%+v, want %s", got.Err, tt.want)
			}
		})
	}
}
