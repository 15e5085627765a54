package fedex

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

// serve answers questions behind the token.
func serve(t *testing.T, question http.HandlerFunc) carriers.Account {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reply := before(r); reply != nil {
			reply.ServeHTTP(w, r)
			return
		}
		question(w, r)
	}))
	t.Cleanup(server.Close)
	return account(server.URL)
}

func TestBatch(t *testing.T) {
	t.Parallel()
	t.Run("each number has its answer", func(t *testing.T) {
		t.Parallel()
		about := func(number, result string) string {
			return fmt.Sprintf(`{"trackingNumber":%q,"trackResults":[%s]}`, number, result)
		}
		body := `{"output":{"completeTrackResults":[` + strings.Join([]string{
			about("3", `{"latestStatusDetail":{"code":"DL"}}`),
			about("2", `{"error":{"code":"TRACKING.TRACKINGNUMBER.INVALID"}}`),
			about("1", `{"error":{"code":"SOMETHING.NEW"}}`),
			about("4", `{"error":{"code":"TRACKING.TRACKINGNUMBER.NOTFOUND"}}, {"latestStatusDetail":{"code":"OD","derivedCode":"IT"}}`),
			about("6", `"odd"`),
			about("7", `{"error":{"code":"SYSTEM.UNEXPECTED.ERROR"}}`),
		}, ",") + `]}}`
		account := serve(t, ok(body).ServeHTTP)
		want := []string{"malformed", "bad_request", "delivered", "out_for_delivery", "malformed", "malformed", "unavailable", "delivered"}
		if diff := cmp.Diff(want, outcomes(t, account, "1", "2", "3", "4", "5", "6", "7", "3")); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
	t.Run("one bad number does not spoil the others", func(t *testing.T) {
		t.Parallel()
		calls := 0
		account := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			var q question
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
				t.Error(err)
			}
			var about []string
			for _, info := range q.TrackingInfo {
				if info.NumberInfo.Number == "bad" {
					refusalOf(http.StatusBadRequest, "TRACKING.TRACKINGNUMBER.INVALID").ServeHTTP(w, r)
					return
				}
				about = append(about, `{"trackingNumber":"`+info.NumberInfo.Number+`","trackResults":[{"latestStatusDetail":{"code":"DL"}}]}`)
			}
			ok(`{"output":{"completeTrackResults":[`+strings.Join(about, ",")+`]}}`).ServeHTTP(w, r)
		})
		want := []string{"delivered", "delivered", "bad_request", "delivered"}
		if diff := cmp.Diff(want, outcomes(t, account, "1", "2", "bad", "3")); diff != "" || calls != 5 {
			t.Errorf("after %d calls, answers (-want +got):\n%s", calls, diff)
		}
	})
}

// outcomes are the header's status of each parcel, or the kind of its error.
func outcomes(t *testing.T, account carriers.Account, numbers ...string) []string {
	t.Helper()
	parcels := make([]carriers.Parcel, len(numbers))
	for i, n := range numbers {
		parcels[i].Number = n
	}
	var got []string
	for _, answer := range New(&http.Client{}).Track(t.Context(), account, parcels) {
		if answer.Err != nil {
			got = append(got, string(answer.Err.Kind))
			continue
		}
		got = append(got, string(answer.Tracking.Header.Status))
	}
	return got
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"no number", refusalOf(http.StatusBadRequest, "TRACKING.TRACKINGNUMBER.EMPTY"), carriers.ErrBadRequest},
		{"no number, in a 200", refusalOf(http.StatusOK, "TRACKING.TRACKINGNUMBER.EMPTY"), carriers.ErrBadRequest},
		{"an unknown number as 404", refusalOf(http.StatusNotFound, "TRACKING.TRACKINGNUMBER.NOTFOUND"), carriers.ErrNotFound},
		{"another path", refusalOf(http.StatusNotFound, "NOT.FOUND.ERROR"), carriers.ErrMalformed},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: `{"message":"no route"}`}, carriers.ErrMalformed},
		{"credentials in a 200", refusalOf(http.StatusOK, "NOT.AUTHORIZED.ERROR"), carriers.ErrAuth},
		{"forbidden", refusalOf(http.StatusForbidden, "FORBIDDEN.ERROR"), carriers.ErrForbidden},
		{"forbidden for another reason", refusalOf(http.StatusForbidden, "SOMETHING.NEW"), carriers.ErrForbidden},
		{"shut out", carrierstest.Reply{Status: http.StatusForbidden, Body: "<html>Access denied</html>"}, carriers.ErrRateLimited},
		{"an outage in a 200", refusalOf(http.StatusOK, "SYSTEM.UNEXPECTED.ERROR"), carriers.ErrUnavailable},
		{"a new code in a 200", refusalOf(http.StatusOK, "SOMETHING.NEW"), carriers.ErrMalformed},
		{"no results", ok(said("")), carriers.ErrMalformed},
		{"an error that is none", ok(said(`{"error":"no"}`)), carriers.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := New(&http.Client{}).Track(t.Context(), serve(t, tt.reply.ServeHTTP), []carriers.Parcel{{Number: number}})[0].Err
			if got == nil || got.Kind != tt.want || got.Message == "" {
				t.Fatalf("error = %v, want %s", got, tt.want)
			}
			if tt.name == "shut out" && got.After != shutOut {
				t.Errorf("After = %s, want %s", got.After, shutOut)
			}
		})
	}
}
