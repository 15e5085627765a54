package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// contentProblem is the media type of errors.
const contentProblem = "application/problem+json"

// problem is an error as RFC 9457 writes it. It is what huma answers with when
// an operation fails, and what errors outside of the operations become.
type problem struct {
	Type          string         `json:"type" format:"uri" doc:"Where the code is explained" example:"https://tillpost.example.com/docs#error-not_found"`
	Title         string         `json:"title" doc:"The HTTP status in words" example:"Not Found"`
	Status        int            `json:"status" doc:"The HTTP status" example:"404"`
	Detail        string         `json:"detail" doc:"What is wrong, for people" example:"There is no such record, or it is not yours."`
	Code          string         `json:"code" doc:"What is wrong, for programs" example:"not_found"`
	RequestID     string         `json:"request_id" doc:"Names the request in Tillpost's log" example:"req_06fkqmgyt1x1w9d6v6sxnhsqgm"`
	CurrentStatus string         `json:"current_status,omitempty" doc:"With 409: the status that forbids it"`
	Errors        []fieldProblem `json:"errors,omitempty" doc:"With invalid input: each field at fault"`

	after  time.Duration     // Retry-After; 0 leaves it out
	header map[string]string // further headers
	cause  error             // for the log, of internal errors
}

// fieldProblem is one input at fault.
type fieldProblem struct {
	Field   string `json:"field" doc:"Path of the field, body for the whole, or the parameter's name" example:"items[0].quantity"`
	Code    string `json:"code" example:"too_small"`
	Message string `json:"message" example:"Must be at least 1."`

	malformed bool // rather than impossible: 400, not 422
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return p.Code
}

// Unwrap leads to the cause.
func (p *problem) Unwrap() error { return p.cause }

// GetStatus tells huma the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *problem) ContentType(string) string { return contentProblem }

// GetHeaders tells huma the headers.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.after+time.Second-1)/time.Second)))
	}
	for name, value := range p.header {
		h.Set(name, value)
	}
	return h
}

// newProblem is an error with the text of its code; refine fills in where and when.
func newProblem(status int, code string) *problem {
	return &problem{
		Title: http.StatusText(status), Status: status, Code: code, Detail: apiText(code),
	}
}

// about completes a problem with what only the request knows.
func (s *server) about(p *problem, requestID string) *problem {
	p.Type, p.RequestID = s.BaseURL+"/docs#error-"+p.Code, requestID
	return p
}

// invalidInput is the error of a request with these fields at fault. One that
// is malformed makes the whole request so.
func invalidInput(fields []fieldProblem) *problem {
	status, code := http.StatusUnprocessableEntity, "invalid_input"
	for _, f := range fields {
		if f.malformed {
			status, code = http.StatusBadRequest, "malformed_input"
		}
	}
	if len(fields) == 1 {
		code = fields[0].Code
	}
	p := newProblem(status, code)
	p.Errors = fields
	if len(fields) == 1 && fields[0].Field != "" {
		p.Detail = fields[0].Field + ": " + fields[0].Message
	}
	return p
}

// waits are how long to wait before asking again, by code.
var waits = map[string]time.Duration{
	"idempotency_key_in_use": time.Second,
	"changed_meanwhile":      time.Second,
}

// refusedBy is the error of a request that the domain refuses.
func refusedBy(e *models.Error) *problem {
	p := newProblem(statusOf(e.Kind), e.Code)
	if e.Cause != "" {
		p.Detail = apiText(e.Cause)
	}
	p.Detail = withChoices(locales.For(locales.English), p.Detail, e)
	p.CurrentStatus, p.after = e.Status, max(e.After, waits[e.Code])
	if e.Field != "" {
		p.Errors = []fieldProblem{{Field: e.Field, Code: e.Code, Message: p.Detail}}
		p.Detail = e.Field + ": " + p.Detail
	}
	return p
}

// problemOf says what an error of an operation is to the outside. Only when
// nothing was kept is it 503, so that the caller may simply repeat.
func (s *server) problemOf(ctx context.Context, err error) *problem {
	var (
		known  *problem
		domain *models.Error
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &domain):
		return refusedBy(domain)
	case errors.Is(err, models.ErrCommitUnknown):
		p := newProblem(http.StatusInternalServerError, "storing_unknown")
		p.cause = err
		return p
	case s.unavailable(ctx, err):
		p := newProblem(http.StatusServiceUnavailable, "unavailable")
		p.after, p.cause = errUnavailable.after, err
		return p
	default:
		p := newProblem(http.StatusInternalServerError, "internal")
		p.cause = err
		return p
	}
}

// codes are those of errors that arise outside of the operations, by status.
var codes = map[int]string{
	fiber.StatusBadRequest: "malformed_request", fiber.StatusUnauthorized: "invalid_api_key",
	fiber.StatusForbidden: "forbidden", fiber.StatusNotFound: "not_found",
	fiber.StatusMethodNotAllowed: "method_not_allowed", fiber.StatusRequestTimeout: "request_timeout",
	fiber.StatusRequestEntityTooLarge: "body_too_large", fiber.StatusTooManyRequests: "rate_limited",
	fiber.StatusRequestHeaderFieldsTooLarge: "headers_too_large", fiber.StatusServiceUnavailable: "unavailable",
}

// writeProblem answers a program with an error that arose outside of the API's
// operations: an unknown path, a body too large, a panic.
func (s *server) writeProblem(c *fiber.Ctx, f failure) error {
	p := newProblem(f.status, "internal")
	switch code, ok := codes[f.status]; {
	case f.domain != nil:
		p = refusedBy(f.domain)
	case f.code != "":
		p = newProblem(f.status, f.code)
	case f.text == views.TextStoringUnknown:
		p = newProblem(f.status, "storing_unknown")
	case ok:
		p = newProblem(f.status, code)
	case f.status < fiber.StatusInternalServerError:
		p = newProblem(f.status, "malformed_request")
	}
	id := requestID(c)
	if id == "" { // refused before the request was read
		id = models.NewID("req")
		c.Set(fiber.HeaderXRequestID, id)
	}
	body, err := json.Marshal(s.about(p, id))
	if err != nil {
		return err
	}
	for name, values := range p.GetHeaders() {
		c.Set(name, strings.Join(values, ", "))
	}
	c.Set(fiber.HeaderContentType, contentProblem)
	return c.Status(p.Status).Send(body)
}

var _ huma.StatusError = (*problem)(nil)
