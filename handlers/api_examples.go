package handlers

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// Ids and times of examples.
const (
	exampleRequestID  = "req_06fkqmgyt1x1w9d6v6sxnhsqgm"
	exampleOrderID    = "ord_06fkqmgyt1x1w9d6v6sxnhsqgm"
	examplePaymentID  = "pay_06fkqmh3e5s0x2jb8zkvw4t1dc"
	exampleRefundID   = "ref_06fkqp7y2b4d6f8h0k2m4p6r8t"
	exampleShipmentID = "shp_06fkqmn9q8r3t5v7x9z1b3d5f7"
	exampleEventID    = "evt_06fkqmh9w2c4e6g8j0m2p4r6t8"
	exampleEndpointID = "whe_06fkqm4k6n8q0s2v4x6z8b0d2f"
	exampleGatewayID  = "gwa_06fkqm1a3c5e7g9j1m3p5r7t9w"
)

// exampleIDs are ids by the part of a path that names their kind.
var exampleIDs = map[string]string{
	"orders": exampleOrderID, "payments": examplePaymentID, "refunds": exampleRefundID, "shipments": exampleShipmentID,
	"events": exampleEventID, "webhook-endpoints": exampleEndpointID,
}

var exampleTime = time.Date(2026, 1, 15, 9, 30, 0, 0, time.UTC)

func at(minutes int) time.Time { return exampleTime.Add(time.Duration(minutes) * time.Minute) }

// examples are objects as the API answers with them, by schema or operation.
var examples = func() map[string]any {
	payment := models.PaymentJSON{
		ID: examplePaymentID, OrderID: exampleOrderID, Amount: 4990, Currency: "EUR", Status: models.PaymentPaid,
		Capture: models.CaptureAutomatic, MethodType: "card", Gateway: new(exampleGatewayID), AmountCaptured: 4990,
		Attempts: []models.AttemptJSON{{
			ID: "att_06fkqmh3e7v9x1z3b5d7f9h1k3", Number: 1, Kind: models.KindCharge, Gateway: new(exampleGatewayID),
			Status: models.AttemptSucceeded, Trigger: models.CauseAPI, ProviderReference: new("pi_3Q9d2eL"),
			StartedAt: new(at(1)), FinishedAt: new(at(1)),
		}},
		Metadata: map[string]string{}, CreatedAt: at(1), UpdatedAt: at(1),
	}
	refund := models.RefundJSON{
		ID: exampleRefundID, PaymentID: examplePaymentID, OrderID: exampleOrderID, Amount: 1500, Currency: "EUR",
		Status: models.RefundSucceeded, Reason: "One of two was broken", ProviderReference: new("re_3Q9d2eL"),
		CreatedAt: at(2000), UpdatedAt: at(2001),
	}
	shipment := models.ShipmentJSON{
		ID: exampleShipmentID, OrderID: exampleOrderID, Carrier: "dhl", TrackingNumber: "00340434161094042557",
		Direction: models.DirectionOutbound, Items: []models.ShipmentItem{{SKU: "TEA-1", Quantity: 2}},
		Status: models.ShipmentInTransit, PromisedAt: new(at(7 * 24 * 60)),
		Events: []models.TrackingEventJSON{{
			OccurredAt: new(at(600)), LocalTime: "2026-01-15T20:30:00", UTCOffset: new(60), Precision: "second",
			Status: models.ShipmentInTransit, Code: "transit", Description: "The parcel was sorted.", Location: "Berlin",
		}},
		PublicURL:    "https://parcels.example.com/t/0h2k4m6p8r0t2v4x6z8b0d2f4h6k8m0p",
		LastSyncedAt: new(at(620)), NextSyncAt: new(at(860)), CreatedAt: at(300),
	}
	order := models.OrderJSON{
		ID: exampleOrderID, Number: "1001", Status: models.OrderOpen, PaymentState: "paid", ShippingState: "shipped",
		Currency: "EUR", Amount: 4990, AmountPaid: 4990,
		Items:    []models.OrderItem{{SKU: "TEA-1", Name: "Darjeeling, 250 g", Quantity: 2, Amount: 4990}},
		Customer: models.CustomerJSON{Name: "Grace O'Neil", Email: "grace@example.com"},
		ShippingAddress: models.Address{
			Name: "Grace O'Neil", Line1: "Lindenstraße 4", City: "Berlin", PostalCode: "10969", Country: "DE",
		},
		PlacedAt: at(0), PromisedAt: new(at(7 * 24 * 60)), Metadata: map[string]string{},
		Payments: []models.PaymentJSON{payment}, Shipments: []models.ShipmentJSON{shipment}, CreatedAt: at(0), UpdatedAt: at(620),
	}
	endpoint := models.EndpointJSON{
		ID: exampleEndpointID, URL: "https://shop.example.com/webhooks", Events: []string{models.EventPaymentPaid},
		Description: "Production", HeaderNames: []string{"Authorization"}, RatePerSecond: 50, MaxInFlight: models.DefaultInFlight,
		Enabled: true, CreatedAt: at(-60), UpdatedAt: at(-60),
	}
	delivery := models.DeliveryJSON{
		ID: "dlv_06fkqmh9w3d5f7h9k1n3q5s7v9", EndpointID: exampleEndpointID, Status: models.DeliveryDelivered,
		Attempts: []models.DeliveryAttemptJSON{{Number: 1, StartedAt: at(1), LatencyMS: 84, Status: 204}},
	}
	event := models.EventJSON{
		ID: exampleEventID, Type: models.EventPaymentPaid, Timestamp: at(1), Sequence: 3,
		Data: json.RawMessage(`{"id":"` + examplePaymentID + `","status":"paid"}`), Deliveries: []models.DeliveryJSON{delivery},
	}
	detection := apiDetection{
		Number: shipment.TrackingNumber, Best: new("dhl"), Candidates: []apiCandidate{
			{Carrier: "dhl", Name: "DHL", Score: 96, Checked: true, Format: "DHL Paket (20)"},
		},
	}
	accepted := payment
	accepted.Status, accepted.AmountCaptured = models.PaymentPending, 0
	accepted.Attempts = []models.AttemptJSON{{
		ID: payment.Attempts[0].ID, Number: 1, Kind: models.KindCharge, Gateway: new(exampleGatewayID),
		Status: models.AttemptQueued, Trigger: models.CauseAPI,
	}}
	capturing, voiding, ended := acting(payment, models.KindCapture), acting(payment, models.KindVoid), accepted
	ended.Status, ended.Attempts = models.PaymentCanceled, []models.AttemptJSON{accepted.Attempts[0]}
	ended.Attempts[0].Status, ended.Attempts[0].Code = models.AttemptNotSent, "canceled"
	requested := refund
	requested.Status, requested.ProviderReference, requested.UpdatedAt = models.RefundRequested, nil, refund.CreatedAt
	fresh := order
	fresh.PaymentState, fresh.ShippingState, fresh.AmountPaid, fresh.UpdatedAt = "unpaid", "unshipped", 0, at(0)
	fresh.Payments, fresh.Shipments = []models.PaymentJSON{}, []models.ShipmentJSON{}
	canceled := fresh
	canceled.Status = models.OrderCanceled
	secret := endpoint
	secret.Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw6oDtTDcVqZ0="
	listed := event
	listed.Deliveries = nil
	return map[string]any{
		"Order": order, "OrderList": listOf([]models.OrderJSON{order}, ""),
		"Payment": payment, "PaymentList": listOf([]models.PaymentJSON{payment}, ""),
		"Refund": refund, "RefundList": listOf([]models.RefundJSON{refund}, ""),
		"Shipment": shipment, "ShipmentList": listOf([]models.ShipmentJSON{shipment}, ""),
		"Endpoint": endpoint, "EndpointList": listOf([]models.EndpointJSON{endpoint}, ""),
		"Event": event, "EventList": listOf([]models.EventJSON{listed}, ""),
		"Delivery": delivery, "Detection": detection,
		// By operation, where the object is in another state than when it is read.
		"createOrder": fresh, "cancelOrder": canceled, "createPayment": accepted,
		"capturePayment": capturing, "voidPayment": voiding, "cancelPayment": ended, "createRefund": requested,
		"createEndpoint": secret, "rotateEndpointSecret": secret,
	}
}()

// acting is a payment that was authorized and is being captured or voided.
func acting(paid models.PaymentJSON, kind string) models.PaymentJSON {
	p := paid
	p.Status, p.Capture, p.AmountCaptured = models.PaymentProcessing, models.CaptureManual, 0
	charge := paid.Attempts[0]
	charge.Status = models.AttemptAuthorized
	p.Attempts = []models.AttemptJSON{charge, {
		ID: "att_06fkqmh3e8w0y2a4c6e8g0j2m4", Number: 2, Kind: kind, Amount: paid.Amount, Gateway: charge.Gateway,
		Status: models.AttemptQueued, Trigger: models.CauseAPI,
	}}
	return p
}

// exampleOf is the example of what an operation answers with.
func exampleOf(op *huma.Operation, s *huma.Schema) any {
	if example, ok := examples[op.OperationID]; ok {
		return example
	}
	return examples[refName(s.Ref)]
}

// webhook is a type of event that endpoints receive.
type webhook struct {
	name   string
	object string // schema of its data; empty: the endpoint's id
}

// summary says in English what has happened.
func (w webhook) summary() string {
	ctx := locales.NewContext(context.Background(), locales.For(locales.English))
	return strings.TrimSuffix(locales.Name(ctx, locales.EventText, w.name), ".")
}

// webhookCatalogue lists the types of events that happen.
var webhookCatalogue = func() []webhook {
	objects := map[string]string{
		"order": "Order", "payment": "Payment", "refund": "Refund", "dispute": "Dispute", "shipment": "Shipment", "endpoint": "Endpoint",
	}
	hooks := make([]webhook, len(models.EventTypes))
	for i, name := range models.EventTypes {
		kind, _, _ := strings.Cut(name, ".")
		hooks[i] = webhook{name, objects[kind]}
	}
	return hooks
}()
