package carriers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/safehttp"
)

// Bounds of one call to a carrier.
const (
	answerTimeout  = 20 * time.Second
	maxAnswer      = 2 << 20
	maxKept        = 64 << 10 // of an answer that is kept with an error
	longestMessage = 300
	shortestMask   = 6 // a shorter secret could be any part of an answer
)

// Call sends one request to a carrier and returns the body of a 2xx answer.
// Everything else is an *Error of the kind that the HTTP status means; adapters
// refine it. Secrets are masked wherever the answer repeats them. The client is
// one of safehttp's: it follows no redirect, to which credentials would go along.
func Call(client *http.Client, request *http.Request, secrets ...string) ([]byte, *Error) {
	if failure := turn(request.Context()); failure != nil {
		return nil, failure
	}
	ctx, cancel := context.WithTimeout(request.Context(), answerTimeout)
	defer cancel()
	noted := note(request, secrets)
	body, failure := exchange(client, request.WithContext(ctx), secrets, noted)
	noted.end(failure)
	return body, failure
}

func exchange(client *http.Client, request *http.Request, secrets []string, noted *madeCall) ([]byte, *Error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	body, cut, err := safehttp.ReadAll(response, maxAnswer)
	noted.answered(response.StatusCode, body)
	body = mask(body, secrets)
	if err != nil {
		failure := unreachable(err)
		failure.HTTPStatus, failure.Raw = response.StatusCode, kept(body)
		return nil, failure
	}
	if failure := refused(response, body, time.Now()); failure != nil {
		return nil, failure
	}
	if cut {
		return nil, &Error{
			Kind: ErrMalformed, HTTPStatus: response.StatusCode, Raw: kept(body),
			Message: fmt.Sprintf("the answer is larger than %d MiB", maxAnswer>>20),
		}
	}
	return body, nil
}

// Malformed is the error of an answer that cannot be read.
func Malformed(message string, raw []byte) *Error {
	return &Error{Kind: ErrMalformed, HTTPStatus: http.StatusOK, Message: Text(message, longestMessage), Raw: kept(raw)}
}

// Decode reads a JSON answer.
func Decode(body []byte, into any) *Error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	message := "the answer does not have the expected form"
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		message = "the answer is empty"
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")):
		message = "the answer is a web page instead of JSON"
	case errors.As(err, &syntax):
		message = "the answer is not valid JSON, or breaks off"
	}
	return Malformed(message, body)
}

// unreachable is the error of a call that brought no whole answer. The cause is
// told in plain words: Go's own text holds the address with its parameters.
func unreachable(err error) *Error {
	message := "the connection failed"
	switch safehttp.Classify(err) {
	case safehttp.PhaseCanceled: // by this side, which says nothing about the carrier
		return &Error{Kind: ErrNoTurn, Message: "the call was canceled"}
	case safehttp.PhaseBlocked:
		message = "the address may not be called"
	case safehttp.PhaseLookup:
		message = "the host name could not be resolved"
	case safehttp.PhaseConnect:
		message = "no connection could be made"
	case safehttp.PhaseTLS:
		message = "no trusted connection could be made"
	case safehttp.PhaseTimeout:
		message = "no answer within the time limit"
	case safehttp.PhaseAnswer:
		message = "the answer broke off"
	case safehttp.PhaseExchange:
	}
	return &Error{Kind: ErrUnavailable, Message: message}
}

// refused maps an HTTP status to an error; nil for 2xx.
func refused(response *http.Response, body []byte, now time.Time) *Error {
	status := response.StatusCode
	failure := &Error{HTTPStatus: status, Raw: kept(body)}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusUnauthorized:
		failure.Kind, failure.Message = ErrAuth, "the credentials were refused"
	case status == http.StatusForbidden:
		failure.Kind, failure.Message = ErrForbidden, "this account may not ask for that"
	case status == http.StatusNotFound || status == http.StatusGone:
		failure.Kind, failure.Message = ErrNotFound, "the carrier does not know this number"
	case status == http.StatusTooManyRequests:
		failure.Kind, failure.Message = ErrRateLimited, "too many calls"
		failure.After = min(safehttp.RetryAfter(response.Header, now), longestWait)
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status >= 500:
		failure.Kind, failure.Message = ErrUnavailable, fmt.Sprintf("the carrier failed with HTTP %d", status)
	case status >= 400:
		failure.Kind, failure.Message = ErrBadRequest, fmt.Sprintf("the question was refused with HTTP %d", status)
	default:
		failure.Kind, failure.Message = ErrMalformed, fmt.Sprintf("unexpected HTTP %d", status)
	}
	return failure
}

func mask(body []byte, secrets []string) []byte {
	for _, secret := range secrets {
		if len(secret) >= shortestMask {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
		}
	}
	return body
}

func kept(body []byte) []byte {
	return bytes.Clone(body[:min(len(body), maxKept)])
}
