package dpd

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	delisID  = "KD12345"
	password = `p&ss<wörd>1`
	token    = "GFadXgob14GWWgQcIldI6zYtuR7cyEHe2z6eWzb7BpFmcFvrzclRljlcV1OF0123"
	number   = "05222800000017"
	loginEnd = "/LoginService/V2_1"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// once replaces the only occurrence.
func once(t testing.TB, s, old, replacement string) string {
	t.Helper()
	if strings.Count(s, old) != 1 {
		t.Fatalf("%q is %d times in the fixture, want once", old, strings.Count(s, old))
	}
	return strings.Replace(s, old, replacement, 1)
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"delis_id": delisID, "password": password}}
}

func soap(body string) string {
	return `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` + body + `</soap:Body></soap:Envelope>`
}

func granted(expires string) string {
	return soap(`<getAuthResponse xmlns="http://dpd.com/common/service/types/LoginService/2.1"><return><delisId>` + delisID +
		`</delisId><authToken>` + token + `</authToken><depot>0522</depot><authTokenExpires>` + expires + `</authTokenExpires></return></getAuthResponse>`)
}

func faulted(code string) string {
	return soap(`<soap:Fault><faultcode>soap:Server</faultcode><faultstring>Fault</faultstring><detail>` +
		`<ns:authenticationFault xmlns:ns="http://dpd.com/common/service/types/Authentication/2.0"><errorCode>` + code +
		`</errorCode><errorMessage>No.</errorMessage></ns:authenticationFault></detail></soap:Fault>`)
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.xml")
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	return carrierstest.Spec{
		New:     func(c *http.Client) carriers.Carrier { return New(c) },
		Account: account(""),
		Secrets: []string{password, escaped(password), token},
		Parcel:  carriers.Parcel{Number: number},
		XML:     true,
		Before: func(r *http.Request) *carrierstest.Reply {
			if !strings.HasSuffix(r.URL.Path, loginEnd) {
				return nil
			}
			return &carrierstest.Reply{Status: http.StatusOK, Body: granted("2099-05-08T13:02:56.06")}
		},
		Success:     ok(success),
		NotFound:    ok(soap(`<getTrackingDataResponse><trackingresult/></getTrackingDataResponse>`)),
		Auth:        carrierstest.Reply{Status: http.StatusInternalServerError, Body: faulted("DELICOM_ERR_AUTHENTICATION")},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: "slow down"},
		UnknownCode: ok(once(t, success, `<status>Delivered<`, `<status>Beamed<`)),
		UnknownDate: ok(once(t, success, `3/31/2026 12:05:44 AM`, `Tuesday after midnight`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "stages.xml")))
	f.Add(http.StatusInternalServerError, []byte(soap(`<Fault><detail><faults><faultCode>X</faultCode></faults></detail></Fault>`)))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delivered", "stages", "unseen", "half"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".xml")), number)
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

// TestRequest asks twice: one login serves both.
func TestRequest(t *testing.T) {
	t.Parallel()
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls = append(calls, r.Method+" "+r.URL.String()+"\n"+r.Header.Get("SOAPAction")+"\n"+string(body))
		if r.Header.Get("Content-Type") != "text/xml;charset=UTF-8" || r.Header.Get("Accept") != "text/xml" {
			t.Errorf("headers %v", r.Header)
		}
		if strings.HasSuffix(r.URL.Path, loginEnd) {
			_, _ = w.Write([]byte(granted(time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05.00"))))
		}
	}))
	defer server.Close()
	New(server.Client()).Track(t.Context(), account(server.URL+"/dpd/"), []carriers.Parcel{{Number: "1<2"}, {Number: number}})
	question := func(number string) string {
		return "POST /dpd/soap/services/ParcelLifeCycleService/V2_0\nhttp://dpd.com/common/service/ParcelLifeCycleService/2.0/getTrackingData\n" +
			`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns="http://dpd.com/common/service/types/Authentication/2.0"` +
			` xmlns:ns1="http://dpd.com/common/service/types/ParcelLifeCycleService/2.0"><soapenv:Header><ns:authentication><delisId>KD12345</delisId>` +
			`<authToken>` + token + `</authToken><messageLanguage>en_EN</messageLanguage></ns:authentication></soapenv:Header><soapenv:Body>` +
			`<ns1:getTrackingData><parcelLabelNumber>` + number + `</parcelLabelNumber></ns1:getTrackingData></soapenv:Body></soapenv:Envelope>`
	}
	want := []string{
		"POST /dpd/soap/services/LoginService/V2_1\nhttp://dpd.com/common/service/LoginService/2.1/getAuth\n" +
			`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns="http://dpd.com/common/service/types/LoginService/2.1">` +
			`<soapenv:Header/><soapenv:Body><ns:getAuth><delisId>KD12345</delisId><password>p&amp;ss&lt;wörd&gt;1</password>` +
			`<messageLanguage>en_EN</messageLanguage></ns:getAuth></soapenv:Body></soapenv:Envelope>`,
		question("1&lt;2"),
		question(number),
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestToken has a token end early, which DPD tells with HTTP 200 too.
func TestToken(t *testing.T) {
	t.Parallel()
	var logins, questions atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, loginEnd):
			logins.Add(1)
			_, _ = w.Write([]byte(granted("soon")))
		case questions.Add(1) == 2:
			_, _ = w.Write([]byte(faulted("ERR_DELICOM_TOKEN_EXPIRED")))
		default:
			_, _ = w.Write([]byte(fixture(t, "unseen.xml")))
		}
	}))
	defer server.Close()
	carrier := New(server.Client())
	for range 3 {
		if got := carrier.Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: number}})[0]; got.Err != nil {
			t.Fatal(got.Err)
		}
	}
	if logins.Load() != 2 || questions.Load() != 4 {
		t.Errorf("%d logins for %d questions, want 2 for 4", logins.Load(), questions.Load())
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC)
	for expires, want := range map[string]time.Duration{
		"2026-05-09T11:30:00.5":       23*time.Hour + 35*time.Minute + 500*time.Millisecond,
		"2026-05-09T11:30:00Z":        23*time.Hour + 35*time.Minute,
		"2026-05-08T12:10:00.123456Z": 15*time.Minute + 123456*time.Microsecond,
		"2026-05-08T11:00:00":         6 * time.Minute,
		"2027-05-08T11:00:00":         24*time.Hour + 5*time.Minute,
		"":                            12 * time.Hour,
		"tomorrow":                    12 * time.Hour,
	} {
		if got := life(expires, now); got != want {
			t.Errorf("life(%q) = %s, want %s", expires, got, want)
		}
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]carriers.Status{
		"SHIPMENT": carriers.StatusInfoReceived, "ACCEPTED": carriers.StatusPickedUp, "PickedUp": carriers.StatusPickedUp,
		"BetweenDepots": carriers.StatusInTransit, "Depot": carriers.StatusInTransit, "AT_SENDING_DEPOT": carriers.StatusInTransit,
		"ON_THE_ROAD": carriers.StatusInTransit, "AT_DELIVERY_DEPOT": carriers.StatusInTransit, "Courier": carriers.StatusOutForDelivery,
		"ParcelShop": carriers.StatusAvailableForPickup, "DeliveryFailure": carriers.StatusDeliveryFailed,
		"ReturningFromDelivery": carriers.StatusInTransit, // not to the sender
		"Delivered":             carriers.StatusDelivered, "DELIVERED": carriers.StatusDelivered, "delivered\n": carriers.StatusDelivered,
		"NotDelivered": carriers.StatusInfo, "Delivered?": carriers.StatusInfo, "": carriers.StatusInfo,
	} {
		if got := meaningOf(status); got != want {
			t.Errorf("meaningOf(%q) = %s, want %s", status, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	fine := granted("2099-05-08T13:02:56.06")
	tests := []struct {
		name            string
		login, question carrierstest.Reply
		want            carriers.ErrorKind
	}{
		{"unknown", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 200, Body: soap(`<getTrackingDataResponse><trackingresult/></getTrackingDataResponse>`)}, carriers.ErrNotFound},
		{"no result", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 200, Body: soap(`<getTrackingDataResponse/>`)}, carriers.ErrMalformed},
		{"an ended token", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 500, Body: faulted("ERR_DELICOM_TOKEN_EXPIRED")}, carriers.ErrAuth},
		{"an odd token", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 500, Body: faulted("ERR_DELICOM_TOKEN_INCORRECT")}, carriers.ErrAuth},
		{"a fault in a good answer", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 200, Body: faulted("DELICOM_ERR_AUTHENTICATION")}, carriers.ErrAuth},
		{"an unknown fault", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 500, Body: faulted("COMMON_1")}, carriers.ErrUnavailable},
		{"an unknown fault in a good answer", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 200, Body: faulted("COMMON_1")}, carriers.ErrUnavailable},
		{"an unknown fault of the question", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 400, Body: faulted("COMMON_1")}, carriers.ErrBadRequest},
		{"another site's 404", carrierstest.Reply{Body: fine}, carrierstest.Reply{Status: 404, Body: `<html></html>`}, carriers.ErrMalformed},
		{"refused credentials", carrierstest.Reply{Status: 500, Body: faulted("DELICOM_ERR_AUTHENTICATION")}, carrierstest.Reply{}, carriers.ErrAuth},
		{"another host's login", carrierstest.Reply{Status: 404, Body: `<html></html>`}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"another host's good login", carrierstest.Reply{Status: 200, Body: `<html></html>`}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"no token", carrierstest.Reply{Status: 200, Body: soap(`<getAuthResponse><return/></getAuthResponse>`)}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"no login today", carrierstest.Reply{Status: 503, Body: ``}, carrierstest.Reply{}, carriers.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reply := tt.question
				if strings.HasSuffix(r.URL.Path, loginEnd) {
					reply = tt.login
				}
				w.WriteHeader(max(reply.Status, http.StatusOK))
				_, _ = w.Write([]byte(reply.Body))
			}))
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: number}})[0]
			if got.Err == nil || got.Err.Kind != tt.want {
				t.Errorf("%+v, want %s", got.Err, tt.want)
			}
		})
	}
}
