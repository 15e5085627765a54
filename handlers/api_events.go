package handlers

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
)

type listEventsInput struct {
	PageInput
	CreatedInput

	Type string `query:"type" maxLength:"60" doc:"Only events of this type" example:"payment.paid"`
}

type redeliverInput struct {
	PathID
	OptionalKey

	Body apiRedeliverInput
}

type apiRedeliverInput struct {
	EndpointID string `json:"endpoint_id" minLength:"1" maxLength:"30" doc:"The endpoint to send it to, which may be one that never got it" example:"whe_06fkqmgyt1x1w9d6v6sxnhsqgm"`
}

func (a *shopAPI) eventOperations() {
	tags, reads := []string{"Events"}, requires("read", "webhooks")
	read(a, huma.Operation{
		OperationID: "listEvents", Method: http.MethodGet, Path: apiPrefix + "/events", Errors: []int{422},
		Tags: tags, Security: reads, Summary: "List events",
		Description: "What happened, newest first, kept for 90 days. data is the object as it was then.",
	}, a.listEvents)
	read(a, huma.Operation{
		OperationID: "getEvent", Method: http.MethodGet, Path: apiPrefix + "/events/{id}", Errors: []int{404},
		Tags: tags, Security: reads, Summary: "Get an event",
		Description: "The event with its deliveries and every attempt of them.",
	}, a.getEvent)
	write(a, huma.Operation{
		OperationID: "redeliverEvent", Method: http.MethodPost, Path: apiPrefix + "/events/{id}/redeliver", DefaultStatus: http.StatusAccepted,
		Errors: []int{404}, Tags: tags, Security: requires("webhooks"), Summary: "Send an event again",
		Description: "Begins the whole schedule of attempts anew. webhook-id stays the same, so that a receiver can tell.",
	}, a.redeliverEvent)
}

func (a *shopAPI) listEvents(ctx context.Context, call *apiCall, in *listEventsInput) (list apiList[models.EventJSON], err error) {
	created, err := in.span()
	if err != nil {
		return list, err
	}
	if in.Type != "" && !slices.Contains(models.EventTypes, in.Type) {
		return list, models.UnknownEventType("type")
	}
	events, next, err := a.DB.Events(ctx, call.scope, in.Type, created, in.page())
	if err != nil {
		return list, err
	}
	objects := make([]models.EventJSON, len(events))
	for i := range events {
		object, err := events[i].Object()
		if err != nil {
			return list, err
		}
		objects[i] = *object
	}
	return listOf(objects, next), nil
}

func (a *shopAPI) getEvent(ctx context.Context, call *apiCall, in *PathID) (*models.EventJSON, error) {
	event, err := a.DB.Event(ctx, call.scope, in.ID)
	if err != nil {
		return nil, err
	}
	object, err := event.Object()
	if err != nil {
		return nil, err
	}
	deliveries, _, err := a.DB.Deliveries(ctx, call.scope, models.DeliveryFilter{EventID: event.ID}, models.Page{Limit: models.MaxLimit})
	if err != nil {
		return nil, err
	}
	object.Deliveries, err = a.DB.DeliveryObjects(ctx, deliveries)
	return object, err
}

func (in *redeliverInput) check(time.Time) error {
	var k checker
	k.text("endpoint_id", &in.Body.EndpointID, true)
	return k.err()
}

func (a *shopAPI) redeliverEvent(tx *models.Tx, call *apiCall, in *redeliverInput) (done[models.DeliveryJSON], error) {
	d, err := tx.RedeliverEvent(call.scope, in.ID, in.Body.EndpointID)
	if err != nil {
		return done[models.DeliveryJSON]{}, err
	}
	if err := tx.Audit(call.actor(), models.AuditEntry{
		MerchantID: &d.MerchantID, Action: "delivery.replay", ObjectID: d.ID, Detail: map[string]string{"event": in.ID},
	}); err != nil {
		return done[models.DeliveryJSON]{}, err
	}
	return deliveryDone(tx)(d, nil)
}

// deliveryDone makes the answer of a delivery that was begun; its path is the
// event's, which shows all deliveries.
func deliveryDone(tx *models.Tx) func(d *models.Delivery, err error) (done[models.DeliveryJSON], error) {
	return func(d *models.Delivery, err error) (done[models.DeliveryJSON], error) {
		if err != nil {
			return done[models.DeliveryJSON]{}, err
		}
		object, err := tx.DeliveryObject(d.ID)
		return done[models.DeliveryJSON]{object, apiPrefix + "/events/" + d.EventID}, err
	}
}
