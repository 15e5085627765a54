package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCarrierGate(t *testing.T) {
	t.Parallel()
	fake, err := New(Options{CarrierRate: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() }) // nothing is stored
	server := httptest.NewServer(fake.Handler())
	t.Cleanup(server.Close)
	ask := func(token string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/carrier/v1/parcels?numbers=SBX1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := server.Client().Do(request)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	outage := func(body string) int {
		response, err := server.Client().Post(server.URL+"/carrier/outage", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	limited := 0
	for range 20 { // in two seconds at the most
		if ask("tok_a") == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("%d of 20 calls at once were refused, the rate is 3 a second", limited)
	}
	if got := ask("tok_b"); got != http.StatusOK {
		t.Errorf("another credential got %d", got)
	}
	for kind, want := range map[string]int{"503": 503, "html": 502, "reset": 0} {
		if got := outage(`{"seconds":60,"kind":"` + kind + `"}`); got != http.StatusOK {
			t.Fatalf("outage: %d", got)
		}
		if got := ask("tok_" + kind); got != want {
			t.Errorf("in an outage of kind %s: %d, want %d", kind, got, want)
		}
	}
	if got := outage(`{"kind":"flood"}`); got != http.StatusBadRequest {
		t.Errorf("an unknown kind: %d", got)
	}
	if got := outage(`{"seconds":0}`); got != http.StatusOK {
		t.Fatalf("end of the outage: %d", got)
	}
	if got := ask("tok_c"); got != http.StatusOK {
		t.Errorf("after the outage: %d", got)
	}
	response, err := server.Client().Get(server.URL + "/carrier/usage")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var usage struct {
		Calls    int `json:"calls"`
		Refused  int `json:"refused_for_rate"`
		Unserved int `json:"unserved_in_outages"`
	}
	if err := json.Unmarshal(body, &usage); err != nil {
		t.Fatal(err)
	}
	if usage.Calls < 25 || usage.Refused != limited || usage.Unserved < 3 {
		t.Errorf("usage %s, %d were refused", body, limited)
	}
}
