// Package carrierstest is the conformance suite that every carrier passes: what
// a carrier may answer, what may go wrong on the way, and what must come of it.
package carrierstest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/safehttp"
)

// Spec is what the suite needs to know of a carrier.
type Spec struct {
	New     func(*http.Client) carriers.Carrier
	Account carriers.Account // without a base URL
	Secrets []string         // of the account's fields; must never come back
	Parcel  carriers.Parcel  // the one that Success is about
	XML     bool             // answers are XML instead of JSON

	// Before answers the calls that come before the question, such as one for a
	// token; nil for the question itself. It may be nil.
	Before func(r *http.Request) *Reply

	Success  Reply // at least two events
	NotFound Reply // the number is unknown
	Auth     Reply // the credentials are refused
	Limited  Reply // too many calls; the suite adds a Retry-After
	// UnknownCode is Success with a code on its newest event that the carrier
	// has never been known to use.
	UnknownCode Reply
	// UnknownDate is Success with a time on its newest event in a form that
	// nobody expects.
	UnknownDate Reply
}

// Reply is an answer of the carrier.
type Reply struct {
	Status int
	Body   string
}

func (r Reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.Status)
	_, _ = w.Write([]byte(r.Body)) // the caller may have left
}

// Run puts a carrier through the suite.
func Run(t *testing.T, spec Spec) {
	t.Helper()
	t.Run("answers", func(t *testing.T) { t.Parallel(); answers(t, spec) })
	t.Run("refusals", func(t *testing.T) { t.Parallel(); refusals(t, spec) })
	t.Run("unreadable", func(t *testing.T) { t.Parallel(); unreadable(t, spec) })
	t.Run("network", func(t *testing.T) { t.Parallel(); network(t, spec) })
	t.Run("credentials", func(t *testing.T) { t.Parallel(); secrecy(t, spec) })
	if _, ok := spec.New(&http.Client{}).(carriers.Tester); ok {
		t.Run("connection test", func(t *testing.T) { t.Parallel(); connection(t, spec) })
	}
}

// after lets Before answer what comes before the question. Each request is read
// to its end first: only then does a server notice that the caller has left.
func (s Spec) after(question http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller has left already
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if s.Before != nil {
			if reply := s.Before(r); reply != nil {
				reply.ServeHTTP(w, r)
				return
			}
		}
		question.ServeHTTP(w, r)
	})
}

// ask puts one question to a server that answers as the handler does.
func (s Spec) ask(ctx context.Context, t *testing.T, handler http.Handler) carriers.Answer {
	t.Helper()
	server := httptest.NewServer(s.after(handler))
	defer server.Close()
	account := s.Account
	account.BaseURL = server.URL
	// Slow servers are closed while they still write: their calls must end first.
	defer server.CloseClientConnections()
	got := s.New(safehttp.New(safehttp.Options{})).Track(ctx, account, []carriers.Parcel{s.Parcel})
	if len(got) != 1 {
		t.Fatalf("Track() gave %d answers to one question", len(got))
	}
	s.check(t, got[0])
	return got[0]
}

// check holds for every answer, whatever the carrier sent.
func (s Spec) check(t *testing.T, answer carriers.Answer) {
	t.Helper()
	if (answer.Tracking == nil) == (answer.Err == nil) {
		t.Fatalf("an answer holds tracking (%v) or an error (%v), never both", answer.Tracking, answer.Err)
	}
	if answer.Err != nil {
		if answer.Err.Kind == "" || answer.Err.Message == "" {
			t.Errorf("the error says too little: %+v", answer.Err)
		}
		s.clean(t, "message", answer.Err.Error())
		s.clean(t, "raw answer", string(answer.Err.Raw))
		return
	}
	s.clean(t, "raw answer", string(answer.Tracking.Raw))
	for _, e := range answer.Tracking.Events {
		s.checkEvent(t, e)
	}
	header := answer.Tracking.Header.Status
	if header != "" && !carriers.Milestone(header) {
		t.Errorf("header status %q moves nothing", header)
	}
	if url := answer.Tracking.URL; url != "" && !strings.HasPrefix(url, "https://") {
		t.Errorf("page %q is no https address", url)
	}
}

func (s Spec) checkEvent(t *testing.T, e carriers.Event) {
	t.Helper()
	if e.Status != carriers.StatusInfo && !carriers.Milestone(e.Status) {
		t.Errorf("event status %q is neither info nor a milestone", e.Status)
	}
	if (e.OccurredAt == nil) != (e.Offset == nil) {
		t.Errorf("an event has an instant and an offset, or neither: %+v", e)
	}
	for _, text := range []string{e.Code, e.Description, e.Location, e.RawTime} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			t.Errorf("text %q is not safe to keep", text)
		}
		if len(text) > carriers.MaxDescription {
			t.Errorf("a text of %d bytes was not shortened", len(text))
		}
		s.clean(t, "event", text)
	}
}

func (s Spec) clean(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range s.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s gives a secret away: %.200s", what, text)
		}
	}
}

func answers(t *testing.T, s Spec) {
	t.Helper()
	good := s.ask(t.Context(), t, s.Success)
	if good.Err != nil {
		t.Fatalf("success: %v", good.Err)
	}
	if n := len(good.Tracking.Events); n < 2 {
		t.Fatalf("success has %d events, the suite needs two", n)
	}
	t.Run("success", func(t *testing.T) { inOrder(t, good.Tracking) })
	t.Run("every question is answered in its place", func(t *testing.T) {
		server := httptest.NewServer(s.after(s.NotFound))
		defer server.Close()
		account := s.Account
		account.BaseURL = server.URL
		for _, n := range []int{0, 3} {
			got := s.New(safehttp.New(safehttp.Options{})).Track(t.Context(), account, slices.Repeat([]carriers.Parcel{s.Parcel}, n))
			if len(got) != n {
				t.Errorf("%d answers to %d questions", len(got), n)
			}
		}
	})
	t.Run("an unknown code moves nothing", func(t *testing.T) {
		got := s.ask(t.Context(), t, s.UnknownCode)
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		if e := newest(got.Tracking.Events); e.Status != carriers.StatusInfo || e.Description == "" {
			t.Errorf("status %s, text %q; want info and the text", e.Status, e.Description)
		}
	})
	t.Run("an unknown form of date costs that time only", func(t *testing.T) { unknownDate(t, s, good.Tracking.Events) })
	t.Run("limits", func(t *testing.T) {
		if l := s.New(&http.Client{}).Limits(); l.Batch < 1 || l.PerSecond <= 0 || l.PerDay < 0 {
			t.Errorf("limits make no sense: %+v", l)
		}
	})
}

// inOrder fails unless every time was read and sequences rise with time.
func inOrder(t *testing.T, tracking *carriers.Tracking) {
	t.Helper()
	if len(tracking.Raw) == 0 {
		t.Error("the raw answer was not kept")
	}
	last := newest(tracking.Events)
	sequences := map[int]bool{}
	for _, e := range tracking.Events {
		sequences[e.Sequence] = true
		if e.LocalTime == "" || e.RawTime == "" {
			t.Errorf("time was not read: %+v", e)
		}
		if e.OccurredAt != nil && last.OccurredAt != nil && e.OccurredAt.After(*last.OccurredAt) {
			t.Error("the highest sequence is not the newest event")
		}
	}
	if len(sequences) != len(tracking.Events) {
		t.Error("sequences repeat")
	}
}

func unknownDate(t *testing.T, s Spec, good []carriers.Event) {
	t.Helper()
	got := s.ask(t.Context(), t, s.UnknownDate)
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	if len(got.Tracking.Events) != len(good) {
		t.Errorf("%d events, want %d", len(got.Tracking.Events), len(good))
	}
	e, want := newest(got.Tracking.Events), newest(good)
	if e.LocalTime != "" || e.OccurredAt != nil || e.RawTime == "" {
		t.Errorf("time = %q, %v (raw %q), want the raw text only", e.LocalTime, e.OccurredAt, e.RawTime)
	}
	if e.Status != want.Status || e.Description != want.Description {
		t.Errorf("the rest of the event was lost: %+v", e)
	}
}

func newest(events []carriers.Event) carriers.Event {
	return slices.MaxFunc(events, func(a, b carriers.Event) int { return a.Sequence - b.Sequence })
}

// wantKind fails unless the answer is an error of the kind.
func wantKind(t *testing.T, got carriers.Answer, want carriers.ErrorKind) {
	t.Helper()
	if got.Err == nil {
		t.Fatalf("no error, want %s; got %d events", want, len(got.Tracking.Events))
	}
	if got.Err.Kind != want {
		t.Errorf("%v, want %s", got.Err, want)
	}
}

func refusals(t *testing.T, s Spec) {
	t.Helper()
	t.Run("not found", func(t *testing.T) { wantKind(t, s.ask(t.Context(), t, s.NotFound), carriers.ErrNotFound) })
	t.Run("credentials refused", func(t *testing.T) { wantKind(t, s.ask(t.Context(), t, s.Auth), carriers.ErrAuth) })
	for name, limited := range map[string]struct {
		header   string
		min, max time.Duration
	}{
		"seconds":   {"7", 7 * time.Second, 7 * time.Second},
		"date":      {time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 50 * time.Second, time.Minute},
		"no wish":   {"", 0, 0},
		"nonsense":  {"soon", 0, 0},
		"negative":  {"-5", 0, 0},
		"for years": {"999999999", time.Hour, 24 * time.Hour},
	} {
		t.Run("throttled, "+name, func(t *testing.T) {
			got := s.ask(t.Context(), t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if limited.header != "" {
					w.Header().Set("Retry-After", limited.header)
				}
				s.Limited.ServeHTTP(w, r)
			}))
			wantKind(t, got, carriers.ErrRateLimited)
			if got.Err.After < limited.min || got.Err.After > limited.max {
				t.Errorf("After = %s, want %s to %s", got.Err.After, limited.min, limited.max)
			}
		})
	}
	t.Run("an account without credentials", func(t *testing.T) {
		account := carriers.Account{ID: "cra_1", BaseURL: "http://127.0.0.1:1"}
		got := s.New(&http.Client{}).Track(t.Context(), account, []carriers.Parcel{s.Parcel})
		wantKind(t, got[0], carriers.ErrAuth)
	})
	t.Run("a base URL that is none", func(t *testing.T) {
		for _, base := range []string{"nonsense", "http://", "http://a b", "::"} {
			account := s.Account
			account.BaseURL = base
			got := s.New(&http.Client{}).Track(t.Context(), account, []carriers.Parcel{s.Parcel})
			wantKind(t, got[0], carriers.ErrBadRequest)
		}
	})
}
