package views

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// TimelineView is what happened to an order or a payment, newest first.
type TimelineView struct {
	Entries []TimelineEntry
	Address string // of the page with as much of the timeline
	AllHref string // to the page with all of it, when this is a part
	Staff   bool
}

// TimelineEntry is one thing that happened: an event, an attempt, a scan, or an
// act of a person.
type TimelineEntry struct {
	At         time.Time
	Event      *models.Event
	Deliveries []models.Delivery // of Event
	Attempt    *models.Attempt
	Payment    *models.Payment // of Attempt
	Account    string          // that Attempt went through
	Scan       *models.TrackingEvent
	Parcel     *models.Shipment // of Scan or Act
	Act        *models.AuditEntry
	Actor      string // who did Act, as far as the viewer may know
	Reason     string // of Act, likewise
	Currency   string // of the amount that Act names
}

// topics are the deliveries whose end the page waits for, each after a space.
func (v TimelineView) topics() string {
	var topics strings.Builder
	for i := range v.Entries {
		topics.WriteString(deliveryTopics(v.Entries[i].Deliveries))
	}
	return topics.String()
}

// deliveryTopics are those of the deliveries that are still to end, each after
// a space.
func deliveryTopics(deliveries []models.Delivery) string {
	var topics strings.Builder
	for i := range deliveries {
		if waits(deliveries[i].Status) {
			topics.WriteString(" delivery:" + deliveries[i].ID)
		}
	}
	return topics.String()
}

// waits says whether a delivery of the status is still to end.
func waits(status string) bool {
	return status == models.DeliveryPending || status == models.DeliveryDelivering || status == models.DeliveryRetrying
}

// shownDeliveries is how many of an event's deliveries are named.
const shownDeliveries = 3

func (e TimelineEntry) shownDeliveries() []models.Delivery {
	return e.Deliveries[:min(len(e.Deliveries), shownDeliveries)]
}

func (e TimelineEntry) moreDeliveries() int { return len(e.Deliveries) - len(e.shownDeliveries()) }

// eventLook is how an event is shown: by what it is about, and how it went.
func eventLook(eventType string) look {
	switch eventType {
	case models.EventOrderCreated:
		return look{ui.Primary, "shopping-bag"}
	case models.EventPaymentPaid, models.EventRefundSucceeded:
		return look{ui.Success, "circle-check"}
	case models.EventPaymentFailed, models.EventRefundFailed, models.EventDisputeOpened:
		return look{ui.Danger, "circle-x"}
	case models.EventPaymentRequiresAction, models.EventPaymentNeedsReview:
		return look{ui.Warning, "hand"}
	case models.EventShipmentDelivered:
		return look{ui.Success, "package-check"}
	case models.EventShipmentException, models.EventShipmentLate:
		return look{ui.Danger, "package-x"}
	case models.EventEndpointDisabled:
		return look{ui.Danger, "webhook"}
	case models.EventOrderCanceled:
		return look{ui.Neutral, "ban"}
	}
	switch kind, _, _ := strings.Cut(eventType, "."); kind {
	case "payment", "refund", "dispute":
		return look{ui.Info, "credit-card"}
	case "shipment":
		return look{ui.Info, "truck"}
	default:
		return look{ui.Neutral, "pencil"}
	}
}

// orderState is what an event about an order says of it.
type orderState struct {
	PaymentState  string `json:"payment_state"`
	ShippingState string `json:"shipping_state"`
}

// orderState reads where the order stood; empty for events about other things.
func (e TimelineEntry) orderState() orderState {
	var body struct {
		Data orderState `json:"data"`
	}
	if !strings.HasPrefix(e.Event.Type, "order.") || json.Unmarshal([]byte(e.Event.Body), &body) != nil {
		return orderState{}
	}
	return body.Data
}

// money is the amount that an event about a refund or dispute names; empty for
// the others.
func (e TimelineEntry) money(ctx context.Context) string {
	kind, _, _ := strings.Cut(e.Event.Type, ".")
	var body struct {
		Data struct {
			Amount   int64  `json:"amount"`
			Currency string `json:"currency"`
		} `json:"data"`
	}
	if kind != "refund" && kind != "dispute" || json.Unmarshal([]byte(e.Event.Body), &body) != nil || body.Data.Currency == "" {
		return ""
	}
	return Money(ctx, body.Data.Amount, body.Data.Currency)
}

// parcel is what an event about a parcel says of it; without an id for the others.
func (e TimelineEntry) parcel() (p models.Shipment) {
	var body struct {
		Data struct {
			ID             string `json:"id"`
			Carrier        string `json:"carrier"`
			TrackingNumber string `json:"tracking_number"`
		} `json:"data"`
	}
	if strings.HasPrefix(e.Event.Type, "shipment.") && json.Unmarshal([]byte(e.Event.Body), &body) == nil {
		p.ID, p.Carrier, p.TrackingNumber = body.Data.ID, body.Data.Carrier, body.Data.TrackingNumber
	}
	return p
}

// actFacts are the amount and the issue that an act was about.
func (e TimelineEntry) actFacts(ctx context.Context) string {
	if issue := e.Act.Detail["issue"]; issue != "" {
		return locales.Name(ctx, locales.Issue, issue)
	}
	minor, err := strconv.ParseInt(e.Act.Detail["amount"], 10, 64)
	if err != nil || e.Currency == "" {
		return ""
	}
	return Money(ctx, minor, e.Currency)
}

var acts = map[string]string{
	"payment.retry": locales.Mark("payments.act_retry"),
	"payment.sync":  locales.Mark("payments.act_sync"),

	"payment.capture":          locales.Mark("deeds.act_capture"),
	"payment.void":             locales.Mark("deeds.act_void"),
	"payment.cancel":           locales.Mark("deeds.act_cancel"),
	"payment.refund":           locales.Mark("deeds.act_refund"),
	"payment.confirm_paid":     locales.Mark("deeds.act_confirm_paid"),
	"payment.confirm_not_paid": locales.Mark("deeds.act_confirm_not_paid"),
	"payment.keep_waiting":     locales.Mark("deeds.act_keep_waiting"),
	"payment.settle_issue":     locales.Mark("deeds.act_settle_issue"),
	"payment.note":             locales.Mark("deeds.act_note"),
	"payment.claim":            locales.Mark("deeds.act_claim"),
	"payment.release":          locales.Mark("deeds.act_release"),
	"refund.retry":             locales.Mark("deeds.act_refund_retry"),
	"refund.sync":              locales.Mark("deeds.act_refund_sync"),

	"shipment.sync":     locales.Mark("orders.act_shipment_sync"),
	"shipment.paste":    locales.Mark("shipments.act_paste"),
	"shipment.create":   locales.Mark("shipments.act_create"),
	"shipment.scan":     locales.Mark("shipments.act_scan"),
	"shipment.override": locales.Mark("shipments.act_override"),
	"shipment.withdraw": locales.Mark("shipments.act_withdraw"),
	"shipment.retrack":  locales.Mark("shipments.act_retrack"),
	"shipment.replace":  locales.Mark("shipments.act_replace"),

	"order.cancel":    locales.Mark("orders.act_cancel"),
	"delivery.replay": locales.Mark("orders.act_replay"),
}

// actTitle names an act in the viewer's language; a newer one by its own words.
func actTitle(ctx context.Context, action string) string {
	if key, ok := acts[action]; ok {
		return locales.FromContext(ctx).T(key)
	}
	return actionName(ctx, action)
}
