package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/tillpost/tillpost/locales"
)

// violation is one way in which an input can break its schema, known by the
// message that huma gives it, whose limit stands in place of the verb.
type violation struct {
	message   string
	code      string
	malformed bool
	text      string // key of the catalogues, with the limit as an argument
}

// violations lists those that our schemas can be broken in.
var violations = []violation{
	{validation.MsgUnexpectedProperty, "unknown_field", malformed, locales.Mark("api.unknown_field")},
	{"required query parameter is missing", "required", impossible, locales.Mark("api.required")},
	{"unknown query parameter", "unknown_parameter", malformed, locales.Mark("api.unknown_parameter")},
	{validation.MsgExpectedBoolean, "wrong_type", malformed, locales.Mark("api.limit_boolean")},
	{validation.MsgExpectedInteger, "wrong_type", malformed, locales.Mark("api.limit_integer")},
	{validation.MsgExpectedString, "wrong_type", malformed, locales.Mark("api.limit_string")},
	{validation.MsgExpectedArray, "wrong_type", malformed, locales.Mark("api.limit_array")},
	{validation.MsgExpectedObject, "wrong_type", malformed, locales.Mark("api.limit_object")},
	{"invalid integer", "wrong_type", malformed, locales.Mark("api.limit_integer")},
	{"invalid boolean", "wrong_type", malformed, locales.Mark("api.limit_boolean")},
	{validation.MsgExpectedRFC3339DateTime, "bad_time", impossible, locales.Mark("api.bad_time")},
	{validation.MsgExpectedOneOf, "unknown_value", impossible, locales.Mark("api.limit_one_of")},
	{validation.MsgExpectedMinimumNumber, "too_small", impossible, locales.Mark("api.limit_least")},
	{validation.MsgExpectedMaximumNumber, "too_large", impossible, locales.Mark("api.limit_most")},
	{validation.MsgExpectedMinLength, "too_short", impossible, locales.Mark("api.limit_shortest")},
	{validation.MsgExpectedMaxLength, "too_long", impossible, locales.Mark("api.limit_longest")},
	{validation.MsgExpectedMaxItems, "too_many", impossible, locales.Mark("api.limit_items")},
	{validation.MsgExpectedMaxProperties, "too_many", impossible, locales.Mark("api.limit_items")},
}

// isoCodes are the errors that explain fields whose values are codes of fixed
// length: that "EURO" is too long helps nobody.
var isoCodes = map[string]string{"currency": "unknown_currency", "country": "unknown_country"}

// problemOfHuma is the problem of a request that huma refused for its schema,
// or of a failure inside of huma.
func problemOfHuma(status int, errs []error) *problem {
	var fields []fieldProblem
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			fields = append(fields, fieldOf(detail))
		}
	}
	switch {
	case status >= http.StatusInternalServerError:
		return newProblem(http.StatusInternalServerError, "internal")
	case len(fields) == 0:
		return newProblem(http.StatusBadRequest, "malformed_request")
	default:
		return invalidInput(fields)
	}
}

// fieldOf names the field and the code of what huma found.
func fieldOf(d *huma.ErrorDetail) fieldProblem {
	path, whole := d.Location, ""
	for _, place := range []string{"body", "query", "path", "header"} {
		if rest, ok := strings.CutPrefix(path, place); ok && (rest == "" || rest[0] == '.') {
			path, whole = strings.TrimPrefix(rest, "."), place
			break
		}
	}
	if name, ok := between(validation.MsgExpectedRequiredProperty, d.Message); ok {
		return fieldError(join(path, name), "required", impossible)
	}
	if path == "" {
		path = whole
	}
	for _, v := range violations {
		if limit, ok := between(v.message, d.Message); ok {
			text := locales.For(locales.English).T(v.text, "Limit", plainNumber(limit))
			if code, ok := isoCodes[path[strings.LastIndexByte(path, '.')+1:]]; ok && v.code != "wrong_type" {
				text = apiText(code)
			}
			return fieldProblem{Field: path, Code: v.code, Message: text, malformed: v.malformed}
		}
	}
	return fieldError(path, "malformed_value", malformed)
}

// between matches a message with the format that it was made from and returns
// what stands in place of its one verb.
func between(format, message string) (string, bool) {
	verb := strings.IndexByte(format, '%')
	if verb < 0 {
		return "", message == format
	}
	middle, ok := strings.CutPrefix(message, format[:verb])
	if !ok {
		return "", false
	}
	return strings.CutSuffix(middle, format[verb+2:])
}

// plainNumber writes a limit without an exponent.
func plainNumber(limit string) string {
	n, err := strconv.ParseFloat(limit, 64)
	if err != nil {
		return limit
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
