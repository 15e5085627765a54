package aftership

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives, in the version whose fields are read here. An
// account's base URL takes its place as a whole; "/trackings" is appended to either.
const host = "https://api.aftership.com/tracking/2026-07"

// ask sends one question; a nil body sends none.
func (c *Carrier) ask(
	ctx context.Context, account carriers.Account, method, path string, content any,
) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("api_key")
	if failure != nil {
		return nil, failure
	}
	var sent []byte
	if content != nil {
		var err error
		if sent, err = json.Marshal(content); err != nil {
			return nil, &carriers.Error{Kind: carriers.ErrBadRequest, Message: "the number cannot be sent"}
		}
	}
	request, failure := carriers.NewRequest(ctx, method, account, host, path, sent)
	if failure != nil {
		return nil, failure
	}
	if sent != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("as-api-key", fields[0])
	body, failure := carriers.Call(c.client, request, fields[0])
	if failure != nil {
		return nil, refine(failure)
	}
	return body, nil
}

// refine reads the body of an error: its code says more than the HTTP status.
func refine(failure *carriers.Error) *carriers.Error {
	if failure.HTTPStatus < 400 || failure.HTTPStatus >= 500 {
		return failure
	}
	m := metaIn(failure.Raw)
	if m.Code == "" {
		if failure.Kind == carriers.ErrNotFound {
			// Another host's 404 must not look like an unknown parcel.
			failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to AfterShip's API"
		}
		return failure
	}
	if fixed := failure.HTTPStatus == http.StatusUnauthorized || failure.HTTPStatus == http.StatusTooManyRequests; !fixed {
		failure.Kind = kindOf(string(m.Code))
	}
	if m.Message != "" {
		failure.Message = "AfterShip: " + carriers.Text(string(m.Message), carriers.MaxLocation)
	}
	return failure
}

// kindOf maps the code in an answer's envelope, see
// https://www.aftership.com/docs/tracking/quickstart/request-errors.
func kindOf(code string) carriers.ErrorKind {
	switch {
	case code == codeUnknown:
		return carriers.ErrNotFound
	case code == "404": // the address, not the parcel
		return carriers.ErrMalformed
	case code == "401":
		return carriers.ErrAuth
	case code == "402" || code == "403":
		return carriers.ErrForbidden
	case code == "429":
		return carriers.ErrRateLimited
	case strings.HasPrefix(code, "4"):
		return carriers.ErrBadRequest
	default:
		return carriers.ErrUnavailable
	}
}

// Codes of errors that are not the caller's fault.
const (
	codeExists  = "4003"
	codeUnknown = "4004"
)

// followedAlready reports whether a parcel was not taken because AfterShip has it.
func followedAlready(failure *carriers.Error) bool {
	return failure.HTTPStatus >= 400 && failure.HTTPStatus < 500 && metaIn(failure.Raw).Code == codeExists
}

func metaIn(body []byte) meta {
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		return meta{}
	}
	return e.Meta.V
}

// idIn finds the id of the parcel that an error is about.
func idIn(body []byte) string {
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	var t tracking
	if json.Unmarshal(e.inner(), &t) != nil {
		return ""
	}
	return string(t.ID)
}
