package easypost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API lives. An account's base URL takes its place as a whole;
// "/trackers" is appended to either.
const host = "https://api.easypost.com/v2"

// ask sends one question; a nil body sends none.
func (c *Carrier) ask(
	ctx context.Context, account carriers.Account, method, path string, content any,
) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("api_key")
	if failure != nil {
		return nil, failure
	}
	key := fields[0]
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
	request.SetBasicAuth(key, "")
	body, failure := carriers.Call(c.client, request, key, base64.StdEncoding.EncodeToString([]byte(key+":")))
	if failure != nil {
		return nil, refine(failure)
	}
	return body, nil
}

// problem is EasyPost's error body.
type problem struct {
	Error carriers.Lenient[struct {
		Code    text `json:"code"`
		Message text `json:"message"`
	}] `json:"error"`
}

// refine reads the body of an error: its code says more than the HTTP status.
func refine(failure *carriers.Error) *carriers.Error {
	if failure.HTTPStatus < 400 || failure.HTTPStatus >= 500 {
		return failure
	}
	var body problem
	readable := json.Unmarshal(failure.Raw, &body) == nil && body.Error.V.Code != ""
	if !readable {
		if failure.Kind == carriers.ErrNotFound {
			// Another host's 404 must not look like an unknown parcel.
			failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to EasyPost's API"
		}
		return failure
	}
	if failure.HTTPStatus == http.StatusPaymentRequired {
		failure.Kind = carriers.ErrForbidden
	}
	if fixed := failure.HTTPStatus == http.StatusUnauthorized || failure.HTTPStatus == http.StatusTooManyRequests; !fixed {
		if kind, known := failures[strings.ToUpper(string(body.Error.V.Code))]; known {
			failure.Kind = kind
		}
	}
	message := string(body.Error.V.Message)
	if failure.Kind == carriers.ErrBadRequest && strings.Contains(message, duplicateInFlight) {
		failure.Kind = carriers.ErrUnavailable
	}
	if message != "" {
		failure.Message = "EasyPost: " + carriers.Text(message, carriers.MaxLocation)
	}
	return failure
}
