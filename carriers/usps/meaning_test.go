package usps

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := map[carriers.Status]string{
		carriers.StatusInfoReceived:       "GX MA",
		carriers.StatusPickedUp:           "03 OA UA oa",
		carriers.StatusInTransit:          "07 10 A1 T1 TL SF L1 17 43",
		carriers.StatusOutForDelivery:     "OF",
		carriers.StatusAvailableForPickup: "14 16",
		carriers.StatusDeliveryFailed:     "02 51 52 53 54 55 56",
		carriers.StatusException:          "04 05 21 22 23 24 25 26 27 28 29",
		carriers.StatusReturning:          "09 31",
		carriers.StatusDelivered:          "01",
		carriers.StatusInfo:               "00 1 D1 Q7",
	}
	tested := 0
	for want, codes := range tests {
		for code := range strings.FieldsSeq(codes) {
			tested++
			e, _ := read([]byte(`{"eventType":"Delivered","eventCode":"` + code + `"}`))
			if e.Status != want {
				t.Errorf("code %s means %s, want %s", code, e.Status, want)
			}
		}
	}
	if want := len(byEventCode) + 5; tested != want {
		t.Errorf("%d codes tested, want %d", tested, want)
	}
	if e, _ := read([]byte(`{"eventType":"Delivered"}`)); e.Status != carriers.StatusInfo {
		t.Errorf("no code means %s, want info", e.Status)
	}
	for category, status := range byCategory {
		if category != strings.ToLower(category) || !carriers.Milestone(status) {
			t.Errorf("category %q means %q", category, status)
		}
	}
}

func TestOffset(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"-05:00": "-05:00", "+09:30": "+09:30", "-420": "-07:00", "330": "+05:30", "0": "+00:00",
		"": "", "local": "", "-5:00": "", "99999": "", "Z": "",
	} {
		if got := offset(raw); got != want {
			t.Errorf("offset(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	inside := func(status int) carrierstest.Reply { return ok(refusalOf(status).Body) }
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"a bad number", refusalOf(http.StatusBadRequest), carriers.ErrBadRequest},
		{"another's number", refusalOf(http.StatusForbidden), carriers.ErrForbidden},
		{"an unknown number", refusalOf(http.StatusNotFound), carriers.ErrNotFound},
		{"an unknown number in a 200", inside(http.StatusNotFound), carriers.ErrNotFound},
		{"throttled in a 200", inside(http.StatusTooManyRequests), carriers.ErrRateLimited},
		{"a new error in a 200", inside(http.StatusTeapot), carriers.ErrMalformed},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: `{"error":"Not Found"}`}, carriers.ErrMalformed},
		{"a token as 400", carrierstest.Reply{Status: http.StatusBadRequest, Body: `{"error":"invalid_token"}`}, carriers.ErrAuth},
		{"another number", ok(`{"trackingNumber":"123","statusCategory":"Delivered"}`), carriers.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := New(&http.Client{}).Track(t.Context(), serve(t, tt.reply), []carriers.Parcel{{Number: number}})[0].Err
			if got == nil || got.Kind != tt.want || got.Message == "" {
				t.Errorf("error = %v, want %s", got, tt.want)
			}
		})
	}
}

// serve answers questions behind the token.
func serve(t *testing.T, reply carrierstest.Reply) carriers.Account {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := before(r); token != nil {
			token.ServeHTTP(w, r)
			return
		}
		reply.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return account(server.URL)
}

func TestToken(t *testing.T) {
	t.Parallel()
	refusal := func(status int, code string) carrierstest.Reply {
		return carrierstest.Reply{Status: status, Body: `{"error":"` + code + `","error_description":"No.","error_uri":""}`}
	}
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
		says  string
	}{
		{"refused", refusal(http.StatusUnauthorized, "invalid_client"), carriers.ErrAuth, "refused"},
		{"refused as 400", refusal(http.StatusBadRequest, "invalid_client"), carriers.ErrAuth, "refused"},
		{"for another reason", refusal(http.StatusBadRequest, "invalid_request"), carriers.ErrAuth, "no token"},
		{"another scope", ok(`{"access_token":"` + token + `","scope":"addresses prices"}`), carriers.ErrAuth, `lacks the scope "tracking"`},
		{"throttled", refusalOf(http.StatusTooManyRequests), carriers.ErrRateLimited, "too many"},
		{"an outage", carrierstest.Reply{Status: http.StatusServiceUnavailable}, carriers.ErrUnavailable, "503"},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: "<html>"}, carriers.ErrMalformed, "base URL"},
		{"no token", ok(`{"token":"` + token + `"}`), carriers.ErrMalformed, "no access token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.reply)
			defer server.Close()
			carrier := New(server.Client())
			got := carrier.Track(t.Context(), account(server.URL), make([]carriers.Parcel, 1))[0].Err
			if got == nil || got.Kind != tt.want || !strings.Contains(got.Message, tt.says) {
				t.Fatalf("error = %v, want %s that says %q", got, tt.want, tt.says)
			}
			if strings.Contains(string(got.Raw), token) {
				t.Error("the error gives the token away")
			}
			if _, err := carrier.Test(t.Context(), account(server.URL)); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Test() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest} {
		got, err := New(&http.Client{}).Test(t.Context(), serve(t, refusalOf(status)))
		if diff := cmp.Diff(carriers.Probe{Scopes: []string{"addresses", "tracking"}}, got); diff != "" || err != nil {
			t.Errorf("after HTTP %d: %v (-want +got):\n%s", status, err, diff)
		}
	}
}
