package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
)

const apiDescription = `Send orders, payments and parcels; Tillpost charges, follows and tells.

Everything is JSON in UTF-8. Ids are opaque texts with a prefix. Times are RFC 3339 in UTC. Money is an integer amount in the currency's minor unit beside an ISO 4217 currency. Fields that a request does not have are refused, so that a typing error is not silently lost.

Every POST takes an Idempotency-Key. The same key with the same request gets the stored answer, with Idempotent-Replayed: true; spaces and the order of fields do not count. The same key with another request is 422, a key whose first request is still running is 409. Only successful answers are stored: after an error the same key may be used again. With Prefer: wait, a repeated payment is answered in its current state.

Lists are newest first: {"data": […], "next_cursor": "…"}; pass next_cursor as cursor until it is null.

Errors are application/problem+json as RFC 9457 defines it, with a code for programs and a request_id for questions.`

// completeSpec adds to the description what huma cannot know, and serves it.
func (a *shopAPI) completeSpec() {
	spec := a.huma.OpenAPI()
	spec.Info.Description = apiDescription
	spec.Tags = []*huma.Tag{
		{Name: "Orders", Description: "What customers bought."},
		{Name: "Payments", Description: "Taking the money of an order, by card or otherwise."},
		{Name: "Refunds", Description: "Giving back what was paid, or a part of it."},
		{Name: "Shipments", Description: "Parcels and where they are."},
		{Name: "Webhook endpoints", Description: "Addresses that are told what happens."},
		{Name: "Events", Description: "What happened, and whether the endpoints were told."},
	}
	for _, item := range spec.Paths {
		for _, op := range operationsOf(item) {
			if op != nil {
				a.completeOperation(op)
			}
		}
	}
	spec.Components.Schemas.Schema(reflect.TypeFor[models.DisputeJSON](), true, "") // told by webhooks only
	a.allowNull("Payment", "failure", "next_action")
	a.allowNull("Refund", "failure")
	a.allowMore()
	spec.Webhooks = a.webhookSpec()
}

func (a *shopAPI) completeOperation(op *huma.Operation) {
	for status, response := range op.Responses {
		if response.Headers == nil {
			response.Headers = map[string]*huma.Param{}
		}
		response.Headers[fiber.HeaderXRequestID] = textHeader("Names the request in Tillpost's log; one that you send is kept")
		code, _ := strconv.Atoi(status)
		if code == fiber.StatusNoContent {
			response.Content = nil
		}
		switch code {
		case fiber.StatusUnauthorized, fiber.StatusForbidden:
			response.Headers[fiber.HeaderWWWAuthenticate] = textHeader("What is missing (RFC 6750)")
		case fiber.StatusConflict, fiber.StatusTooManyRequests, fiber.StatusServiceUnavailable:
			response.Headers[fiber.HeaderRetryAfter] = textHeader("Seconds to wait before the next try")
		}
		if code < fiber.StatusBadRequest {
			for name, text := range map[string]string{
				"RateLimit-Limit": "Requests at once", "RateLimit-Remaining": "Requests left", "RateLimit-Reset": "Seconds until all are left again",
			} {
				response.Headers[name] = textHeader(text)
			}
		}
		for media, content := range response.Content {
			if media == contentProblem {
				content.Example = a.about(newProblem(code, codeExample(op, code)), exampleRequestID)
			} else {
				content.Example = exampleOf(op, content.Schema)
			}
		}
	}
	if op.RequestBody != nil {
		for _, content := range op.RequestBody.Content {
			content.Example = a.inputExample(content.Schema)
		}
	}
}

// codeExample is a code that an operation may answer with a status.
func codeExample(op *huma.Operation, status int) string {
	switch {
	case status == fiber.StatusUnprocessableEntity:
		return "invalid_input"
	case status == fiber.StatusForbidden:
		return "insufficient_scope"
	case status == fiber.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case status != fiber.StatusConflict:
		if code, ok := codes[status]; ok {
			return code
		}
		return "internal"
	}
	switch op.OperationID {
	case "createOrder":
		return "order_number_taken"
	case "cancelOrder":
		return "order_paid"
	case "createPayment":
		return "order_already_paid"
	case "retryPayment":
		return "outcome_unknown"
	case "capturePayment", "voidPayment":
		return "payment_not_authorized"
	case "cancelPayment":
		return "payment_not_cancelable"
	case "syncPayment":
		return "outcome_known"
	case "createRefund":
		return "payment_not_paid"
	case "createShipment":
		return "shipment_exists"
	case "createEndpoint":
		return "too_many_endpoints"
	case "syncShipment":
		return "carrier_account_stopped"
	default:
		return "idempotency_key_in_use"
	}
}

// allowNull documents that fields which refer to another schema may be null,
// which huma can say of scalars only.
func (a *shopAPI) allowNull(schema string, fields ...string) {
	object := a.huma.OpenAPI().Components.Schemas.Map()[schema]
	for _, field := range fields {
		ref := *object.Properties[field]
		object.Properties[field] = &huma.Schema{
			Description: ref.Description, AnyOf: []*huma.Schema{{Ref: ref.Ref}, {Type: "null"}},
		}
	}
}

// allowMore documents that answers may get further fields; requests are held to
// the letter.
func (a *shopAPI) allowMore() {
	for name, schema := range a.huma.OpenAPI().Components.Schemas.Map() {
		if !strings.HasSuffix(name, "Input") && !strings.HasSuffix(name, "Change") {
			schema.AdditionalProperties = nil
		}
	}
}

// inputExample is made of the examples of a schema's fields.
func (a *shopAPI) inputExample(s *huma.Schema) any {
	if s.Ref != "" {
		s = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Type == huma.TypeArray:
		if item := a.inputExample(s.Items); item != nil {
			return []any{item}
		}
	case s.Type == huma.TypeObject && len(s.Properties) > 0:
		object := map[string]any{}
		for name, field := range s.Properties {
			if value := a.inputExample(field); value != nil {
				object[name] = value
			}
		}
		if len(object) > 0 {
			return object
		}
	}
	return nil
}

func sentHeader(name, description string) *huma.Param {
	return &huma.Param{
		Name: name, In: "header", Required: true, Description: description, Schema: &huma.Schema{Type: huma.TypeString},
	}
}

// webhookSpec describes what endpoints receive.
func (a *shopAPI) webhookSpec() map[string]*huma.PathItem {
	hooks := map[string]*huma.PathItem{}
	for _, hook := range webhookCatalogue {
		fields := map[string]*huma.Schema{
			"type":      {Type: huma.TypeString, Enum: []any{hook.name}},
			"timestamp": {Type: huma.TypeString, Format: "date-time"},
		}
		required := []string{"type", "timestamp", "data"}
		if hook.object == "" {
			fields["data"] = &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"endpoint_id": {Type: huma.TypeString}}}
		} else {
			fields["data"] = &huma.Schema{Ref: "#/components/schemas/" + hook.object}
			fields["sequence"] = a.huma.OpenAPI().Components.Schemas.Map()["Event"].Properties["sequence"]
			required = append(required, "sequence")
		}
		hooks[hook.name] = &huma.PathItem{Post: &huma.Operation{
			OperationID: "webhook." + hook.name, Summary: hook.summary(), Tags: []string{"Webhooks"},
			Security: []map[string][]string{},
			Parameters: []*huma.Param{
				sentHeader("webhook-id", "The event's id, the same at every attempt"),
				sentHeader("webhook-timestamp", "Unix seconds of this attempt"),
				sentHeader("webhook-signature", "v1 and the signature, several with spaces between"),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
				Schema: &huma.Schema{Type: huma.TypeObject, Required: required, Properties: fields}, Example: eventExamples[hook.name],
			}}},
			Responses: map[string]*huma.Response{
				"2XX": {Description: "Received. Any other answer, or none within 15 seconds, is tried again."},
				"410": {Description: "Gone: the endpoint is disabled."},
			},
		}}
	}
	return hooks
}

// serveSpec answers with the description, which is complete by then and written
// once somebody asks for it.
func (a *shopAPI) serveSpec(app *fiber.App) {
	spec := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) })
	app.Get(specPath, func(c *fiber.Ctx) error {
		body, err := spec()
		if err != nil {
			return fmt.Errorf("describe the API: %w", err)
		}
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		c.Set(fiber.HeaderCacheControl, "public, max-age=300")
		return c.Send(body)
	})
}

// refName is the name of the schema that a reference leads to.
func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
