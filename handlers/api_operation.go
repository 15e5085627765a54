package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
)

// apiBody is the answer of an operation that reads.
type apiBody[T any] struct {
	Body T
}

// apiAnswer is the answer of an operation that writes, made in its transaction
// and perhaps long ago.
type apiAnswer struct {
	Status      int
	ContentType string `header:"Content-Type" hidden:"true"`
	Location    string `header:"Location" hidden:"true"`
	Replayed    string `header:"Idempotent-Replayed" hidden:"true"`
	Applied     string `header:"Preference-Applied" hidden:"true"`
	Body        []byte
}

// done is what a write has made: the object as GET returns it, and its path.
type done[O any] struct {
	object   *O // nil: an answer without a body
	location string
}

// read adds an operation that changes nothing.
func read[I, O any](a *shopAPI, op huma.Operation, fn func(ctx context.Context, call *apiCall, in *I) (O, error)) {
	op.Errors = append([]int{400, 401, 403, 429, 500, 503}, op.Errors...)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*apiBody[O], error) {
		call := callOf(ctx)
		out, err := fn(ctx, call, in)
		if err != nil {
			return nil, a.failed(ctx, call, err)
		}
		return &apiBody[O]{out}, nil
	})
}

// inputChecker is an input that can be wrong in ways that its schema cannot
// say. It is checked before its transaction begins.
type inputChecker interface {
	check(now time.Time) error
}

// finish changes an answer after its transaction, replayed ones too.
type finish[I any] func(ctx context.Context, call *apiCall, in *I, answer *apiAnswer) error

// write adds an operation whose answer is stored with its effects, so that the
// same Idempotency-Key gets the same answer: fn runs inside the transaction and
// may run more than once.
func write[I, O any](
	a *shopAPI, op huma.Operation, fn func(tx *models.Tx, call *apiCall, in *I) (done[O], error), finishes ...finish[I],
) {
	op.Errors = append([]int{400, 401, 403, 413, 415, 422, 429, 500, 503}, op.Errors...)
	if op.Method == http.MethodPost {
		op.Errors = append(op.Errors, 409)
	}
	a.describeAnswer(&op, reflect.TypeFor[O]())
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*apiAnswer, error) {
		call := callOf(ctx)
		if input, ok := any(in).(inputChecker); ok {
			if err := input.check(a.DB.Now()); err != nil {
				return nil, a.failed(ctx, call, err)
			}
		}
		stored, err := a.DB.Idempotent(ctx, call.key.MerchantID, call.idempotencyKey, call.fingerprint,
			func(tx *models.Tx) (models.Answer, error) {
				made, err := fn(tx, call, in)
				if err != nil {
					return models.Answer{}, err
				}
				return encodeAnswer(op.DefaultStatus, made)
			})
		if err != nil {
			return nil, a.failed(ctx, call, err)
		}
		answer := sentAnswer(stored)
		for _, f := range finishes {
			if err := f(ctx, call, in, answer); err != nil {
				return nil, a.failed(ctx, call, err)
			}
		}
		return answer, nil
	})
}

func encodeAnswer[O any](status int, made done[O]) (models.Answer, error) {
	answer := models.Answer{Status: status, Location: made.location}
	if made.object == nil {
		return answer, nil
	}
	body, err := encodeJSON(made.object)
	answer.Body = body
	return answer, err
}

func sentAnswer(stored models.Answer) *apiAnswer {
	answer := &apiAnswer{Status: stored.Status, Location: stored.Location, Body: stored.Body}
	if len(stored.Body) > 0 {
		answer.ContentType = "application/json"
	}
	if stored.Replayed {
		answer.Replayed = "true"
	}
	return answer
}

// encodeJSON writes a value as huma writes those of reads.
func encodeJSON(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return buffer.Bytes(), nil
}

// describeAnswer documents what a write answers with.
func (a *shopAPI) describeAnswer(op *huma.Operation, object reflect.Type) {
	response := &huma.Response{Description: http.StatusText(op.DefaultStatus), Headers: map[string]*huma.Param{}}
	if object != reflect.TypeFor[nothing]() {
		response.Content = map[string]*huma.MediaType{
			"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(object, true, "")},
		}
	}
	if op.Method == http.MethodPost {
		response.Headers["Location"] = textHeader("Path of the object that this is about")
		response.Headers["Idempotent-Replayed"] = textHeader("true when this is the stored answer of an earlier request with the same Idempotency-Key")
	}
	op.Responses = map[string]*huma.Response{strconv.Itoa(op.DefaultStatus): response}
}

func textHeader(description string) *huma.Param {
	return &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// nothing is the object of an operation that answers 204.
type nothing struct{}

// PathID is the input of operations on one object. It is exported, as are the
// other parts of inputs, because huma looks into exported types only.
type PathID struct {
	ID string `path:"id" doc:"Id of the object" example:"ord_06fkqmgyt1x1w9d6v6sxnhsqgm"`
}

// OptionalKey is part of the input of POSTs that may carry an Idempotency-Key.
type OptionalKey struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"1 to 255 printable characters. The same key with the same request gets the stored answer, for at least 72 hours." example:"8e03978e-40d5-43e8-bc93-6894a57f9324"`
}

// RequiredKey is part of the input of POSTs that must carry an Idempotency-Key.
type RequiredKey struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" doc:"1 to 255 printable characters. The same key with the same request gets the stored answer, for at least 72 hours." example:"8e03978e-40d5-43e8-bc93-6894a57f9324"`
}
