package handlers

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
)

func TestProblemOf(t *testing.T) {
	t.Parallel()
	s := &server{Deps: Deps{DB: modelstest.SQLite(t), BaseURL: "https://tillpost.example.com"}}
	tests := []struct {
		name   string
		err    error
		status int
		code   string
		after  bool
	}{
		{"invalid input", models.Invalid("amount", "amount_exceeds_due"), 422, "amount_exceeds_due", false},
		{"a conflict, wrapped", fmt.Errorf("retry: %w", models.Conflict("attempt_open", "pending")), 409, "attempt_open", false},
		{"a conflict that passes", models.Conflict("idempotency_key_in_use", ""), 409, "idempotency_key_in_use", true},
		{"not there, or not theirs", models.ErrNotFound, 404, "not_found", false},
		{"denied", &models.Error{Kind: models.KindDenied, Code: "forbidden"}, 403, "forbidden", false},
		{"out of time", fmt.Errorf("load: %w", context.DeadlineExceeded), 503, "unavailable", true},
		{"stored or not", fmt.Errorf("%w: connection reset", models.ErrCommitUnknown), 500, "storing_unknown", false},
		{"stored or not, when time ran out", fmt.Errorf("%w: %w", models.ErrCommitUnknown, context.DeadlineExceeded), 500, "storing_unknown", false},
		{"a bug", errors.New("secret detail of orders table"), 500, "internal", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := s.about(s.problemOf(t.Context(), tt.err), "req_1")
			if p.Status != tt.status || p.Code != tt.code || (p.GetHeaders().Get("Retry-After") != "") != tt.after {
				t.Errorf("got %+v %v", p, p.GetHeaders())
			}
			if p.Type != "https://tillpost.example.com/docs#error-"+tt.code || p.RequestID != "req_1" || p.Title != http.StatusText(tt.status) {
				t.Errorf("got %+v", p)
			}
			if strings.Contains(jsonOf(p), "secret detail") || strings.Contains(jsonOf(p), "connection reset") {
				t.Errorf("tells what is internal: %s", jsonOf(p))
			}
		})
	}
}

// TestFailureOf holds what pages say to what the API says.
func TestFailureOf(t *testing.T) {
	t.Parallel()
	s := &server{Deps: Deps{DB: modelstest.SQLite(t)}}
	gone := modelstest.SQLite(t)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	outage := &server{Deps: Deps{DB: gone}}
	for _, tt := range []struct {
		name         string
		server       *server
		err          error
		status, text int
	}{
		{"stored or not", s, fmt.Errorf("%w: connection reset", models.ErrCommitUnknown), 500, views.TextStoringUnknown},
		{"stored or not, when time ran out", s, fmt.Errorf("%w: %w", models.ErrCommitUnknown, context.DeadlineExceeded), 500, views.TextStoringUnknown},
		{"out of time", s, fmt.Errorf("load: %w", context.DeadlineExceeded), 503, 503},
		{"the database lost the connection", s, fmt.Errorf("load: %w", driver.ErrBadConn), 503, 503},
		{"the database is not there", outage, errors.New("load: connect"), 503, 503},
		{"a bug", s, errors.New("load: no such column"), 500, 500},
		{"a form of somebody else's", s, errForgedForm, 403, views.TextForgedForm},
	} {
		f := tt.server.failureOf(t.Context(), tt.err)
		if f.status != tt.status || f.text != tt.text {
			t.Errorf("%s: status %d, text %d, want %d, %d", tt.name, f.status, f.text, tt.status, tt.text)
		}
		if again := f.after > 0; again != (tt.status == 503) {
			t.Errorf("%s: asks to repeat it: %v", tt.name, again)
		}
		if p := tt.server.problemOf(t.Context(), tt.err); tt.status >= 500 && p.Status != f.status {
			t.Errorf("%s: a page has status %d, the API %d", tt.name, f.status, p.Status)
		}
	}
}

// TestErrorTexts finds the codes that the API's sources name.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	shapes := []*regexp.Regexp{
		regexp.MustCompile(`newProblem\([^,]+, "(\w+)"\)`),
		regexp.MustCompile(`fieldError\([^,]+(?:\([^)]*\))?, "(\w+)"`),
		regexp.MustCompile(`k\.fail\([^"]*(?:"[^"]*"[^"]*)?, "(\w+)"\)`),
		regexp.MustCompile(`unauthorized\("(\w+)"`),
		regexp.MustCompile(`fiber\.Status\w+: "(\w+)"`),
		regexp.MustCompile(`^\t\{[^,]+, "(\w+)", (?:malformed|impossible)`),
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range shapes {
			for _, match := range shape.FindAllSubmatch(body, -1) {
				found[string(match[1])] = true
			}
		}
	}
	if len(found) < 30 {
		t.Errorf("only %d codes were found in the sources", len(found))
	}
	for code := range found {
		if text := apiText(code); strings.Contains(text, code) && strings.Contains(text, ".") && !strings.Contains(text, " ") {
			t.Errorf("%s has no text", code)
		}
		if errorTexts[code] == "" {
			t.Errorf("%s is not documented", code)
		}
	}
}
