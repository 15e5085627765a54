package ups

import (
	"encoding/json"
	"net/http"

	"github.com/tillpost/tillpost/carriers"
)

const badNumber = "UPS says that this is no tracking number"

// words are what staff read of an error.
var words = map[carriers.ErrorKind]string{
	carriers.ErrNotFound:    "UPS does not know this number",
	carriers.ErrBadRequest:  badNumber,
	carriers.ErrRateLimited: "too many calls",
	carriers.ErrAuth:        "the credentials were refused",
}

// refine reads UPS's own codes in a refused call. A 404 without one is another
// host's.
func refine(failure *carriers.Error) *carriers.Error {
	if failure == nil {
		return nil
	}
	var a answer
	if json.Unmarshal(failure.Raw, &a) != nil {
		a = answer{} // a web page, or nothing
	}
	codes := remarks(a.Response.V.Errors)
	switch kind := kindOf(codes); {
	case kind != "":
		failure.Kind, failure.Message = kind, words[kind]
	case failure.Kind == carriers.ErrNotFound && len(codes) == 0:
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to UPS's tracking API"
	}
	return failure
}

// refused is the error of an answer that came with HTTP 200 and holds no parcel.
func refused(codes []remark, body []byte) *carriers.Error {
	kind := kindOf(codes)
	if kind == "" {
		return carriers.Malformed("the answer holds no package", body)
	}
	failure := carriers.Malformed(words[kind], body)
	failure.Kind, failure.HTTPStatus = kind, http.StatusOK
	return failure
}

func kindOf(codes []remark) carriers.ErrorKind {
	for _, r := range codes {
		if kind := byErrorCode[string(r.Code)]; kind != "" {
			return kind
		}
	}
	return ""
}

func remarks(list carriers.LenientList) []remark {
	var out []remark
	for _, raw := range list {
		var r remark
		if json.Unmarshal(raw, &r) == nil && r.Code != "" {
			out = append(out, r)
		}
	}
	return out
}
