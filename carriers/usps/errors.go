package usps

import (
	"encoding/json"
	"net/http"

	"github.com/tillpost/tillpost/carriers"
)

const badNumber = "USPS says that this is no tracking number"

// byErrorCode holds the OAuth error codes; the tracking API's own errors are
// named by their HTTP status.
var byErrorCode = map[string]carriers.ErrorKind{
	"invalid_client": carriers.ErrAuth,
	"invalid_grant":  carriers.ErrAuth,
	"invalid_scope":  carriers.ErrAuth,
	"invalid_token":  carriers.ErrAuth,
}

// byStatus is for errors that came with HTTP 200.
var byStatus = map[string]carriers.ErrorKind{
	"400": carriers.ErrBadRequest,
	"401": carriers.ErrAuth,
	"403": carriers.ErrForbidden,
	"404": carriers.ErrNotFound,
	"429": carriers.ErrRateLimited,
	"500": carriers.ErrUnavailable,
	"503": carriers.ErrUnavailable,
}

// words are what staff read of an error.
var words = map[carriers.ErrorKind]string{
	carriers.ErrAuth:        "the credentials were refused",
	carriers.ErrBadRequest:  badNumber,
	carriers.ErrForbidden:   "USPS shows this number only to the owner of its label",
	carriers.ErrNotFound:    "USPS does not know this number",
	carriers.ErrRateLimited: "too many calls",
	carriers.ErrUnavailable: "USPS's tracking failed",
}

// refine reads USPS's error bodies. A 404 without one is another host's.
func refine(failure *carriers.Error) *carriers.Error {
	if failure == nil {
		return nil
	}
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var oauth text
	var p problem
	if json.Unmarshal(failure.Raw, &body) == nil && json.Unmarshal(body.Error, &p) != nil {
		p = problem{}
		_ = oauth.UnmarshalJSON(body.Error) // never fails
	}
	own := p.Code != "" || p.Message != "" || len(p.Errors) > 0
	switch kind := byErrorCode[string(oauth)]; {
	case kind != "":
		failure.Kind, failure.Message = kind, words[kind]
	case failure.Kind == carriers.ErrNotFound && !own:
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to USPS's tracking API"
	case own && (failure.Kind == carriers.ErrBadRequest || failure.Kind == carriers.ErrForbidden):
		failure.Message = words[failure.Kind]
	}
	return failure
}

// refused is the error of an answer that came with HTTP 200 and holds no parcel.
func refused(p problem, body []byte) *carriers.Error {
	codes := []text{p.Code}
	for _, raw := range p.Errors {
		var one struct {
			Status text `json:"status"`
		}
		if json.Unmarshal(raw, &one) == nil {
			codes = append(codes, one.Status)
		}
	}
	failure := carriers.Malformed("the answer holds no tracking events", body)
	for _, code := range codes {
		if kind := byStatus[string(code)]; kind != "" {
			failure.Kind, failure.Message, failure.HTTPStatus = kind, words[kind], http.StatusOK
			break
		}
	}
	return failure
}
