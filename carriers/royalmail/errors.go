package royalmail

import (
	"encoding/json"
	"net/http"

	"github.com/tillpost/tillpost/carriers"
)

// words are what staff read of an error.
var words = map[carriers.ErrorKind]string{
	carriers.ErrAuth:        "the credentials were refused",
	carriers.ErrBadRequest:  "Royal Mail says that this is no tracking number",
	carriers.ErrForbidden:   "this account may not ask for that",
	carriers.ErrNotFound:    "Royal Mail does not know this number",
	carriers.ErrRateLimited: "too many calls",
	carriers.ErrUnavailable: "Royal Mail's tracking failed",
}

// refine reads Royal Mail's error bodies. A 404 without one is another host's.
func refine(failure *carriers.Error) *carriers.Error {
	if failure == nil {
		return nil
	}
	own := problemIn(failure.Raw)
	switch {
	case failure.Kind == carriers.ErrNotFound && own.HTTPCode == "":
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to Royal Mail's tracking API"
	case failure.Kind == carriers.ErrNotFound || failure.Kind == carriers.ErrBadRequest && own.HTTPCode != "":
		failure.Message = words[failure.Kind]
	}
	return failure
}

// refused is the error of an answer that came with HTTP 200 and holds no parcel.
func refused(body []byte) *carriers.Error {
	failure := carriers.Malformed("the answer holds no mail pieces", body)
	if kind := byHTTPCode[string(problemIn(body).HTTPCode)]; kind != "" {
		failure.Kind, failure.Message, failure.HTTPStatus = kind, words[kind], http.StatusOK
	}
	return failure
}

func problemIn(body []byte) problem {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return problem{}
	}
	return p
}
