package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// Limits of a request.
const (
	maxAPIBody        = 256 << 10
	maxIdempotencyKey = 255
	idempotencyHeader = "Idempotency-Key"
)

// objectID is the form of the ids in paths; what has another does not exist.
var objectID = regexp.MustCompile(`^[a-z]{3}_[0-9a-z]{26}$`)

// checkTarget refuses addresses that cannot be read.
func checkTarget(c *fiber.Ctx) error {
	u, err := url.Parse(string(c.Request().RequestURI()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fiber.ErrBadRequest
	}
	for name, values := range query {
		if !cleanText(name) || !cleanText(strings.Join(values, "")) {
			return fiber.ErrBadRequest
		}
	}
	return c.Next()
}

// inspect refuses a request whose form is wrong before anything is made of it,
// and takes down what makes it the same as another.
func (a *shopAPI) inspect(ctx huma.Context, next func(huma.Context)) {
	c, call, op := humafiber.Unwrap(ctx), callOf(ctx.Context()), ctx.Operation()
	for _, param := range op.Parameters {
		if param.In == "path" && !objectID.MatchString(c.Params(param.Name)) {
			a.refuse(ctx, call, newProblem(http.StatusNotFound, "not_found"))
			return
		}
	}
	canonical, err := inspectBody(c, op)
	if err == nil {
		err = call.takeKey(c, op)
	}
	if err != nil {
		a.refuse(ctx, call, err)
		return
	}
	sum := sha256.New()
	sum.Write([]byte(c.Method() + " " + c.Path() + "\n"))
	sum.Write(canonical)
	call.fingerprint = hex.EncodeToString(sum.Sum(nil))
	next(ctx)
}

// inspectBody checks that a body is JSON where there should be one and returns
// it in a form that does not depend on spaces and the order of fields.
func inspectBody(c *fiber.Ctx, op *huma.Operation) ([]byte, error) {
	body := c.Request().Body() // as sent: c.Body would unpack compressed ones, of any size
	switch {
	case len(body) > maxAPIBody:
		return nil, newProblem(http.StatusRequestEntityTooLarge, "body_too_large")
	case c.Get(fiber.HeaderContentEncoding) != "" && c.Get(fiber.HeaderContentEncoding) != "identity":
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_encoding")
	case len(bytes.TrimSpace(body)) == 0:
		if op.RequestBody != nil && op.RequestBody.Required {
			return nil, newProblem(http.StatusBadRequest, "body_required")
		}
		return nil, nil
	case !isJSON(c.Get(fiber.HeaderContentType)):
		return nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	value, err := decodeJSON(body)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "malformed_json")
	}
	if fields := inspectJSON(value); len(fields) > 0 {
		return nil, invalidInput(fields)
	}
	if countFields(value) != countColons(body) {
		return nil, invalidInput(duplicateFields(body))
	}
	if object, ok := value.(map[string]any); op.RequestBody == nil && (!ok || len(object) > 0) {
		return nil, newProblem(http.StatusBadRequest, "body_not_expected")
	}
	return json.Marshal(value)
}

// isJSON says whether a content type is JSON in UTF-8; so is none at all.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == fiber.MIMEApplicationJSON && (!named || strings.EqualFold(charset, "utf-8"))
}

// decodeJSON reads exactly one value.
func decodeJSON(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, io.ErrUnexpectedEOF
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return value, nil
}

// takeKey reads the idempotency key.
func (call *apiCall) takeKey(c *fiber.Ctx, op *huma.Operation) error {
	if op.Method != http.MethodPost {
		return nil
	}
	key := c.Get(idempotencyHeader)
	if key == "" {
		if keyRequired(op) {
			return newProblem(http.StatusBadRequest, "idempotency_key_required")
		}
		return nil
	}
	if len(key) > maxIdempotencyKey {
		return newProblem(http.StatusBadRequest, "bad_idempotency_key")
	}
	for _, b := range []byte(key) {
		if b < 0x20 || b > 0x7e {
			return newProblem(http.StatusBadRequest, "bad_idempotency_key")
		}
	}
	call.idempotencyKey = key
	return nil
}

func keyRequired(op *huma.Operation) bool {
	for _, param := range op.Parameters {
		if param.In == "header" && param.Name == idempotencyHeader {
			return param.Required
		}
	}
	return false
}
