package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// apiEndpointInput is what a shop says of a webhook endpoint.
type apiEndpointInput struct {
	URL           string            `json:"url" minLength:"1" maxLength:"2048" doc:"Where events are sent to" example:"https://shop.example.com/webhooks"`
	Events        []string          `json:"events,omitempty" maxItems:"50" nullable:"false" doc:"Types that it receives; empty: all" example:"[\"payment.paid\",\"shipment.delivered\"]"`
	Description   string            `json:"description,omitempty" maxLength:"500" example:"Production"`
	Headers       map[string]string `json:"headers,omitempty" doc:"Sent with every delivery; at most 20, whose values are never shown again" example:"{\"Authorization\":\"Bearer of-your-own\"}"`
	RatePerSecond int               `json:"rate_per_second,omitempty" minimum:"0" maximum:"1000" doc:"Deliveries that may begin in a second; 0: no limit" example:"50"`
	MaxInFlight   int               `json:"max_in_flight,omitempty" minimum:"0" maximum:"64" doc:"Deliveries under way at once; 0: 8" example:"8"`
}

// apiEndpointChange is what changes of an endpoint; fields left out stay.
type apiEndpointChange struct {
	URL           *string            `json:"url,omitempty" minLength:"1" maxLength:"2048"`
	Events        *[]string          `json:"events,omitempty" maxItems:"50" nullable:"false"`
	Description   *string            `json:"description,omitempty" maxLength:"500"`
	Headers       *map[string]string `json:"headers,omitempty" doc:"All custom headers from now on; an empty value keeps the one that is stored, unless the URL changes: then all values must be sent with it"`
	RatePerSecond *int               `json:"rate_per_second,omitempty" minimum:"0" maximum:"1000" doc:"0: no limit"`
	MaxInFlight   *int               `json:"max_in_flight,omitempty" minimum:"1" maximum:"64"`
	Enabled       *bool              `json:"enabled,omitempty" doc:"false: nothing is sent, and what happens is listed as missed"`
	Paused        *bool              `json:"paused,omitempty" doc:"true: deliveries are made, and wait until it is false" example:"false"`
}

func (in apiEndpointChange) change() notify.EndpointChange {
	change := notify.EndpointChange{EndpointChange: models.EndpointChange{
		URL: in.URL, Events: in.Events, Description: in.Description, RatePerSecond: in.RatePerSecond, MaxInFlight: in.MaxInFlight,
		Enabled: in.Enabled, Paused: in.Paused,
	}}
	if in.Headers != nil {
		change.Headers = *in.Headers
		if change.Headers == nil {
			change.Headers = map[string]string{}
		}
	}
	return change
}

type createEndpointInput struct {
	OptionalKey

	Body apiEndpointInput
}

type updateEndpointInput struct {
	PathID

	Body apiEndpointChange
}

type endpointActionInput struct {
	PathID
	OptionalKey
}

func (a *shopAPI) endpointOperations() {
	const path = apiPrefix + "/webhook-endpoints"
	tags, reads, writes := []string{"Webhook endpoints"}, requires("read", "webhooks"), requires("webhooks")
	write(a, huma.Operation{
		OperationID: "createEndpoint", Method: http.MethodPost, Path: path, DefaultStatus: http.StatusCreated,
		Tags: tags, Security: writes, Summary: "Create an endpoint",
		Description: "The answer shows the signing secret, once. Repeated with the same Idempotency-Key it is shown again: until then it is kept sealed.",
	}, a.createEndpoint, unsealSecret[createEndpointInput](a))
	read(a, huma.Operation{
		OperationID: "getEndpoint", Method: http.MethodGet, Path: path + "/{id}", Errors: []int{404},
		Tags: tags, Security: reads, Summary: "Get an endpoint",
	}, a.getEndpoint)
	read(a, huma.Operation{
		OperationID: "listEndpoints", Method: http.MethodGet, Path: path, Errors: []int{422},
		Tags: tags, Security: reads, Summary: "List endpoints",
	}, a.listEndpoints)
	write(a, huma.Operation{
		OperationID: "updateEndpoint", Method: http.MethodPatch, Path: path + "/{id}", DefaultStatus: http.StatusOK,
		Errors: []int{404}, Tags: tags, Security: writes, Summary: "Change an endpoint",
		Description: "Fields that are left out stay as they are. Enabling one again leaves what it missed to be redelivered by hand.",
	}, a.updateEndpoint)
	write(a, huma.Operation{
		OperationID: "deleteEndpoint", Method: http.MethodDelete, Path: path + "/{id}", DefaultStatus: http.StatusNoContent,
		Errors: []int{404}, Tags: tags, Security: writes, Summary: "Delete an endpoint",
		Description: "Its deliveries stay readable in the events.",
	}, a.deleteEndpoint)
	write(a, huma.Operation{
		OperationID: "testEndpoint", Method: http.MethodPost, Path: path + "/{id}/test", DefaultStatus: http.StatusAccepted,
		Errors: []int{404}, Tags: tags, Security: writes, Summary: "Send a test event",
		Description: "Sends an event of type ping, whatever the endpoint subscribes to. Location is the event, which tells how the delivery went.",
	}, a.testEndpoint)
	write(a, huma.Operation{
		OperationID: "rotateEndpointSecret", Method: http.MethodPost, Path: path + "/{id}/rotate-secret", DefaultStatus: http.StatusOK,
		Errors: []int{404}, Tags: tags, Security: writes, Summary: "Replace the signing secret",
		Description: "The answer shows the new secret, once. For 24 hours deliveries carry the signature of the one it replaces too.",
	}, a.rotateSecret, unsealSecret[endpointActionInput](a))
}

func (in *createEndpointInput) check(time.Time) error {
	var k checker
	k.text("url", &in.Body.URL, true)
	k.text("description", &in.Body.Description, false)
	return k.err()
}

func (in *updateEndpointInput) check(time.Time) error {
	var k checker
	if in.Body.URL != nil {
		k.text("url", in.Body.URL, true)
	}
	if in.Body.Description != nil {
		k.text("description", in.Body.Description, false)
	}
	return k.err()
}

func (a *shopAPI) createEndpoint(tx *models.Tx, call *apiCall, in *createEndpointInput) (done[models.EndpointJSON], error) {
	e, _, err := a.Notify.CreateEndpoint(tx, call.key.MerchantID, notify.NewEndpoint{
		URL: in.Body.URL, Events: in.Body.Events, Description: in.Body.Description,
		Headers: in.Body.Headers, RatePerSecond: in.Body.RatePerSecond, MaxInFlight: in.Body.MaxInFlight,
	})
	if err != nil {
		return done[models.EndpointJSON]{}, err
	}
	return endpointDone(tx, call, e, "endpoint.create", e.Secret)
}

// endpointDone audits what was done to an endpoint and makes the answer. It
// holds the secret sealed, as it is stored with the Idempotency-Key.
func endpointDone(
	tx *models.Tx, call *apiCall, e *models.Endpoint, action, sealed string,
) (done[models.EndpointJSON], error) {
	err := tx.Audit(call.actor(), models.AuditEntry{MerchantID: &e.MerchantID, Action: action, ObjectID: e.ID})
	if err != nil {
		return done[models.EndpointJSON]{}, err
	}
	object := e.Object(tx.Now())
	object.Secret = sealed
	return done[models.EndpointJSON]{&object, apiPrefix + "/webhook-endpoints/" + e.ID}, nil
}

// unsealSecret opens the secret of an answer that was stored sealed. Sealed text
// is bound to the endpoint, not to the answer, so that nothing else opens it.
func unsealSecret[I any](a *shopAPI) finish[I] {
	return func(_ context.Context, call *apiCall, _ *I, answer *apiAnswer) error {
		var e models.EndpointJSON
		if err := json.Unmarshal(answer.Body, &e); err != nil {
			return fmt.Errorf("read own answer: %w", err)
		}
		text, err := a.Vault.OpenEndpoint(call.key.MerchantID, e.ID, e.Secret)
		if err != nil && answer.Replayed != "" { // its key was retired meanwhile
			a.Log.Warn("stored webhook secret cannot be shown again", "endpoint", e.ID, "error", err)
			return newProblem(http.StatusConflict, "secret_gone")
		}
		if err != nil {
			return err
		}
		e.Secret = text
		answer.Body, err = encodeJSON(e)
		return err
	}
}

func (a *shopAPI) getEndpoint(ctx context.Context, call *apiCall, in *PathID) (*models.EndpointJSON, error) {
	e, err := a.DB.Endpoint(ctx, call.scope, in.ID)
	if err != nil {
		return nil, err
	}
	object := e.Object(a.DB.Now())
	return &object, nil
}

func (a *shopAPI) listEndpoints(
	ctx context.Context, call *apiCall, in *PageInput,
) (list apiList[models.EndpointJSON], err error) {
	found, next, err := a.DB.Endpoints(ctx, call.scope, in.page())
	if err != nil {
		return list, err
	}
	objects, now := make([]models.EndpointJSON, len(found)), a.DB.Now()
	for i := range found {
		objects[i] = found[i].Object(now)
	}
	return listOf(objects, next), nil
}

func (a *shopAPI) updateEndpoint(tx *models.Tx, call *apiCall, in *updateEndpointInput) (done[models.EndpointJSON], error) {
	e, err := a.Notify.UpdateEndpoint(tx, call.scope, in.ID, in.Body.change())
	if err != nil {
		return done[models.EndpointJSON]{}, err
	}
	return endpointDone(tx, call, e, "endpoint.update", "")
}

func (a *shopAPI) deleteEndpoint(tx *models.Tx, call *apiCall, in *PathID) (done[nothing], error) {
	if err := tx.DeleteEndpoint(call.scope, in.ID); err != nil {
		return done[nothing]{}, err
	}
	return done[nothing]{}, tx.Audit(call.actor(), models.AuditEntry{
		MerchantID: &call.key.MerchantID, Action: "endpoint.delete", ObjectID: in.ID,
	})
}

func (a *shopAPI) testEndpoint(tx *models.Tx, call *apiCall, in *endpointActionInput) (done[models.DeliveryJSON], error) {
	_, d, err := tx.PingEndpoint(call.scope, in.ID)
	return deliveryDone(tx)(d, err)
}

func (a *shopAPI) rotateSecret(tx *models.Tx, call *apiCall, in *endpointActionInput) (done[models.EndpointJSON], error) {
	e, _, err := a.Notify.RotateSecret(tx, call.scope, in.ID)
	if err != nil {
		return done[models.EndpointJSON]{}, err
	}
	return endpointDone(tx, call, e, "endpoint.rotate_secret", e.Secret)
}
