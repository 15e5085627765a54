package fedex

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// shutOut is how long FedEx answers nothing but 403 after too many calls.
const shutOut = 10 * time.Second

// words are what staff read of an error.
var words = map[carriers.ErrorKind]string{
	carriers.ErrNotFound:    "FedEx does not know this number",
	carriers.ErrBadRequest:  "FedEx says that this is no tracking number",
	carriers.ErrAuth:        "the credentials were refused",
	carriers.ErrForbidden:   "FedEx does not let this project track parcels, or asks for fewer calls",
	carriers.ErrUnavailable: "FedEx's tracking failed",
}

// refine reads FedEx's own codes in a refused call. A 403 without one is the
// gate that shuts out who asks too often, a 404 without one another host's.
func refine(failure *carriers.Error) *carriers.Error {
	if failure == nil {
		return nil
	}
	var a answer
	if json.Unmarshal(failure.Raw, &a) != nil {
		a = answer{} // a web page, or nothing
	}
	kind, coded := kindOf(a.Errors)
	switch {
	case kind != "":
		failure.Kind, failure.Message = kind, words[kind]
	case failure.Kind == carriers.ErrForbidden && !coded:
		failure.Kind, failure.Message, failure.After = carriers.ErrRateLimited, "too many calls", shutOut
	case failure.Kind == carriers.ErrNotFound:
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to FedEx's tracking API"
	}
	return failure
}

// refused is the error of something that came with HTTP 200 and holds no parcel.
func refused(codes carriers.LenientList, otherwise string, raw []byte) *carriers.Error {
	kind, _ := kindOf(codes)
	if kind == "" {
		return carriers.Malformed(otherwise, raw)
	}
	failure := carriers.Malformed(words[kind], raw)
	failure.Kind, failure.HTTPStatus = kind, http.StatusOK
	return failure
}

// kindOf finds the first code that is known, and whether there is any.
func kindOf(list carriers.LenientList) (kind carriers.ErrorKind, coded bool) {
	for _, raw := range list {
		var p problem
		if json.Unmarshal(raw, &p) != nil || p.Code == "" {
			continue
		}
		coded = true
		if kind = byErrorCode[string(p.Code)]; kind != "" {
			return kind, true
		}
	}
	return "", coded
}
