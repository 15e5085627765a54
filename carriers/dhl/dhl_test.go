package dhl

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const secret = "dhl_key_0123456789abcdef"

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// once replaces the first occurrence, which must exist.
func once(t testing.TB, s, old, replacement string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not in the fixture", old)
	}
	return strings.Replace(s, old, replacement, 1)
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "parcel-de.json")
	head, events, _ := strings.Cut(success, `"events": [`)
	change := func(old, replacement string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusOK, Body: head + `"events": [` + once(t, events, old, replacement)}
	}
	return carrierstest.Spec{
		New:     func(c *http.Client) carriers.Carrier { return New(c) },
		Account: carriers.Account{ID: "cra_1", Fields: map[string]string{"api_key": secret}},
		Secrets: []string{secret},
		Parcel:  carriers.Parcel{Number: "00340434998877665544", Service: "parcel-de"},
		Success: carrierstest.Reply{Status: http.StatusOK, Body: success},
		NotFound: carrierstest.Reply{Status: http.StatusNotFound, Body: `{"title":"No result found",` +
			`"detail":"No shipment with given tracking number found.","status":404,"instance":"/shipment/1"}`},
		Auth: carrierstest.Reply{Status: http.StatusUnauthorized, Body: `{"title":"Unauthorized","detail":"Unauthorized for given resource.","status":401}`},
		Limited: carrierstest.Reply{Status: http.StatusTooManyRequests,
			Body: `{"status":429,"title":"Too Many Requests","detail":"Too many requests within defined time period, please try again later."}`},
		UnknownCode: change(`"statusCode": "delivered"`, `"statusCode": "beamed-up"`),
		UnknownDate: change(`"timestamp": "2026-03-28T11:47:00"`, `"timestamp": "28th of March, before noon"`),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "express.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "ecommerce.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{
		"express": "4930127708", "parcel-de": "00340434998877665544", "ecommerce": "gm6050000123456789",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")), carriers.Parcel{Number: number})
			if failure != nil {
				t.Fatal(failure)
			}
			got.Raw = nil
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(text, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(fixture(t, name+".golden.json"), string(text)+"\n"); diff != "" {
				t.Errorf("parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(r.Context())
		http.Error(w, "{}", http.StatusBadGateway)
	}))
	defer server.Close()
	account := carriers.Account{BaseURL: server.URL + "/dhl/", Fields: map[string]string{"api_key": secret}}
	New(server.Client()).Track(t.Context(), account, []carriers.Parcel{
		{Number: "1 2&3", Service: "parcel-de", RecipientPostalCode: "50667"},
	})
	if got == nil {
		t.Fatal("no request came")
	}
	want := "/dhl/shipments?language=en&recipientPostalCode=50667&service=parcel-de&trackingNumber=1+2%263"
	if got.URL.String() != want || got.Method != http.MethodGet {
		t.Errorf("%s %s, want GET %s", got.Method, got.URL, want)
	}
	if got.Header.Get("DHL-API-Key") != secret {
		t.Error("the key is not in its header")
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	const (
		express = `{"id":1234567890,"service":"express","status":{"timestamp":"2026-01-01T00:00:00","statusCode":"transit"}}`
		parcel  = `{"id":"1234567890","service":"parcel-nl","status":{"timestamp":"2026-02-01T00:00:00","statusCode":"delivered"}}`
		pieces  = `{"id":"99","service":"express","status":{"statusCode":"transit"},"details":{"pieceIds":["JD01","JD02"]}}`
	)
	tests := []struct {
		name      string
		shipments string
		parcel    carriers.Parcel
		want      string // service
		wantKind  carriers.ErrorKind
	}{
		{"the newest of a number", express + "," + parcel, carriers.Parcel{Number: "1234567890"}, "parcel-nl", ""},
		{"the known division", express + "," + parcel, carriers.Parcel{Number: "1234567890", Service: "express"}, "express", ""},
		{"another division only", parcel, carriers.Parcel{Number: "1234567890", Service: "express"}, "", carriers.ErrNotFound},
		{"the shipment of a piece", parcel + "," + pieces, carriers.Parcel{Number: "jd02"}, "express", ""},
		{"DHL's own number", express, carriers.Parcel{Number: "REF-1"}, "express", ""},
		{"none of several", express + "," + parcel, carriers.Parcel{Number: "REF-1"}, "", carriers.ErrNotFound},
		{"none at all", "", carriers.Parcel{Number: "1"}, "", carriers.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(`{"shipments":[`+tt.shipments+`]}`), tt.parcel)
			if tt.wantKind != "" {
				if failure == nil || failure.Kind != tt.wantKind {
					t.Errorf("error = %v, want %s", failure, tt.wantKind)
				}
				return
			}
			if failure != nil || got.Service != tt.want {
				t.Errorf("parse() = %+v, %v, want %s", got, failure, tt.want)
			}
		})
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code, words string
		want        carriers.Status
		wantReason  carriers.Reason
	}{
		{"pre-transit", "The instruction data was sent", carriers.StatusInfoReceived, ""},
		{"transit", "Departed from facility", carriers.StatusInTransit, ""},
		{"transit", "Shipment picked up", carriers.StatusPickedUp, ""},
		{"transit", "Parcel picked up by the recipient", carriers.StatusInTransit, ""},
		{"TRANSIT", "Arrived", carriers.StatusInTransit, ""},
		{"transit", "Shipment has been delivered", carriers.StatusInTransit, ""},
		{"unknown", "Delivered", carriers.StatusInfo, ""},
		{"", "Delivered", carriers.StatusInfo, ""},
		{"delivered", "Delivered to a neighbour", carriers.StatusDelivered, ""},
		{"delivered", "Returned to sender", carriers.StatusReturned, ""},
		{"delivered", "Die Rücksendung wurde dem Absender zugestellt", carriers.StatusReturned, ""},
		{"transit", "Out for delivery", carriers.StatusOutForDelivery, ""},
		{"transit", "Loaded onto the delivery vehicle", carriers.StatusOutForDelivery, ""},
		{"transit", "The shipment will be out for delivery tomorrow", carriers.StatusInTransit, ""},
		{"transit", "RTO initiated", carriers.StatusReturning, ""},
		{"transit", "Die Sendung geht zurück an den Absender", carriers.StatusReturning, ""},
		{"transit", "Ready for collection at the Packstation", carriers.StatusAvailableForPickup, ""},
		{"transit", "Die Sendung liegt in der Filiale zur Abholung bereit", carriers.StatusAvailableForPickup, ""},
		{"transit", "The parcel will be ready for collection tomorrow", carriers.StatusInTransit, ""},
		{"failure", "Delivery attempted; recipient not home", carriers.StatusDeliveryFailed, carriers.ReasonRecipientUnavailable},
		{"failure", "Unsuccessful delivery", carriers.StatusDeliveryFailed, ""},
		{"transit", "Successful delivery attempt planned", carriers.StatusInTransit, ""},
		{"failure", "Shipment on hold", carriers.StatusException, carriers.ReasonHeld},
		{"failure", "The shipment was damaged", carriers.StatusException, carriers.ReasonDamaged},
		{"failure", "Shipment is presumed lost", carriers.StatusException, carriers.ReasonLost},
		{"failure", "Recipient refused delivery", carriers.StatusException, carriers.ReasonRecipientRefused},
		{"transit", "Customs clearance status updated", carriers.StatusInTransit, carriers.ReasonCustoms},
		{"transit", "Customs duties payment required", carriers.StatusInTransit, carriers.ReasonCustomsDuties},
		{"failure", "Further documents required for customs", carriers.StatusException, carriers.ReasonCustomsDocuments},
		{"transit", "Released by customs", carriers.StatusInTransit, ""},
		{"transit", "Die Sendung verzögert sich", carriers.StatusInTransit, carriers.ReasonDelay},
		{"failure", "Incomplete address", carriers.StatusException, carriers.ReasonAddressProblem},
	}
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.words, func(t *testing.T) {
			t.Parallel()
			status, reason := scan{StatusCode: text(tt.code), Description: text(tt.words)}.meaning()
			if status != tt.want || reason != tt.wantReason {
				t.Errorf("meaning() = %s (%q), want %s (%q)", status, reason, tt.want, tt.wantReason)
			}
		})
	}
}
