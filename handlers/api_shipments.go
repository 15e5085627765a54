package handlers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
)

// apiShipmentInput is what a shop says of a parcel.
type apiShipmentInput struct {
	OrderID             string                 `json:"order_id,omitempty" maxLength:"30" doc:"The order that it belongs to; this or order_number" example:"ord_06fkqmgyt1x1w9d6v6sxnhsqgm"`
	OrderNumber         string                 `json:"order_number,omitempty" maxLength:"64" doc:"The order that it belongs to; this or order_id"`
	Carrier             string                 `json:"carrier" minLength:"1" maxLength:"40" doc:"Carrier code, in small or capital letters, account id, or auto: the one that the number tells" example:"dhl"`
	TrackingNumber      string                 `json:"tracking_number" minLength:"4" maxLength:"50" doc:"Blanks and small letters make no difference" example:"00340434161094042557"`
	Items               []apiShipmentItemInput `json:"items,omitempty" maxItems:"500" nullable:"false" doc:"What is inside; default: the whole order"`
	Direction           string                 `json:"direction,omitempty" enum:"outbound,return" default:"outbound"`
	PromisedAt          *time.Time             `json:"promised_at,omitempty" doc:"When the customer was told that it arrives; default: that of the order" example:"2026-01-20T18:00:00Z"`
	RecipientPhoneLast4 string                 `json:"recipient_phone_last4,omitempty" maxLength:"4" doc:"Some carriers ask for it" example:"4567"`
}

type apiShipmentItemInput struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"100" example:"TEA-1"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000" example:"2"`
}

type createShipmentInput struct {
	OptionalKey

	Body apiShipmentInput
}

type listShipmentsInput struct {
	PageInput

	OrderID        string `query:"order_id" maxLength:"30"`
	Carrier        string `query:"carrier" maxLength:"40" doc:"Carrier code"`
	Status         string `query:"status" enum:"unknown,info_received,picked_up,in_transit,out_for_delivery,available_for_pickup,delivery_failed,exception,delivered,returning,returned,canceled,expired"`
	Late           string `query:"late" enum:"true,false" doc:"true: only those that are later than promised"`
	TrackingNumber string `query:"tracking_number" maxLength:"50" doc:"Blanks and small letters make no difference"`
	Q              string `query:"q" maxLength:"200" doc:"A shipment id, a tracking number, or words of the order as in the list of orders"`
}

func (a *shopAPI) shipmentOperations() {
	tags, reads := []string{"Shipments"}, requires("read", "shipments")
	write(a, huma.Operation{
		OperationID: "createShipment", Method: http.MethodPost, Path: apiPrefix + "/shipments", DefaultStatus: http.StatusCreated,
		Tags: tags, Security: requires("shipments"), Summary: "Add a parcel",
		Description: "Its first status is asked for at once, or as soon as there is an account for its carrier. A carrier that nobody knows " +
			"is 422 unknown_carrier, which names the codes. The same carrier and number twice for one order is 409 shipment_exists. " +
			"With the carrier auto, a number that several may have is 422 carrier_unclear, which names them, and one that nobody has " +
			"422 carrier_not_detected; the number is stored as its carrier writes it.",
	}, a.createShipment)
	read(a, huma.Operation{
		OperationID: "getShipment", Method: http.MethodGet, Path: apiPrefix + "/shipments/{id}", Errors: []int{404},
		Tags: tags, Security: reads, Summary: "Get a shipment", Description: "The parcel with its scans, newest first.",
	}, a.getShipment)
	read(a, huma.Operation{
		OperationID: "listShipments", Method: http.MethodGet, Path: apiPrefix + "/shipments", Errors: []int{422},
		Tags: tags, Security: reads, Summary: "List shipments", Description: "Newest first. All filters that are given must match.",
	}, a.listShipments)
	write(a, huma.Operation{
		OperationID: "syncShipment", Method: http.MethodPost, Path: apiPrefix + "/shipments/{id}/sync", DefaultStatus: http.StatusAccepted,
		Errors: []int{404}, Tags: tags, Security: requires("shipments"), Summary: "Ask the carrier now",
		Description: "At most once a minute for one parcel; sooner is 429 sync_too_soon with Retry-After, and 429 " +
			"carrier_quota_used when the account has no call left today. 409 when no account may ask.",
	}, a.syncShipment)
}

func (in *createShipmentInput) check(now time.Time) error {
	b := &in.Body
	var k checker
	k.oneOrder(&b.OrderID, &b.OrderNumber)
	k.text("carrier", &b.Carrier, true)
	k.text("tracking_number", &b.TrackingNumber, true)
	k.between("promised_at", b.PromisedAt, firstTime, now.Add(promisedIn))
	for i := range b.Items {
		k.text(fmt.Sprintf("items[%d].sku", i), &b.Items[i].SKU, true)
	}
	return k.err()
}

func (a *shopAPI) createShipment(tx *models.Tx, call *apiCall, in *createShipmentInput) (done[models.ShipmentJSON], error) {
	b := &in.Body
	items := make([]models.ShipmentItem, len(b.Items))
	for i, it := range b.Items {
		items[i] = models.ShipmentItem(it)
	}
	return shipmentDone(tx)(a.Carriers.Add(tx, call.key.MerchantID, carriers.New{
		OrderID: b.OrderID, OrderNumber: b.OrderNumber, Carrier: b.Carrier, TrackingNumber: b.TrackingNumber,
		Items: items, Direction: b.Direction, PromisedAt: b.PromisedAt, RecipientPhoneLast4: b.RecipientPhoneLast4,
	}))
}

// shipmentDone makes the answer of what a service returned.
func shipmentDone(tx *models.Tx) func(s *models.Shipment, err error) (done[models.ShipmentJSON], error) {
	return func(s *models.Shipment, err error) (done[models.ShipmentJSON], error) {
		if err != nil {
			return done[models.ShipmentJSON]{}, err
		}
		object, err := tx.ShipmentObject(s)
		return done[models.ShipmentJSON]{object, apiPrefix + "/shipments/" + s.ID}, err
	}
}

func (a *shopAPI) getShipment(ctx context.Context, call *apiCall, in *PathID) (*models.ShipmentJSON, error) {
	return a.DB.ShipmentObject(ctx, call.scope, in.ID)
}

func (a *shopAPI) listShipments(
	ctx context.Context, call *apiCall, in *listShipmentsInput,
) (list apiList[models.ShipmentJSON], err error) {
	filter := models.ShipmentFilter{
		OrderID: in.OrderID, Carrier: in.Carrier, TrackingNumber: in.TrackingNumber, Search: in.Q,
	}
	if in.Status != "" {
		filter.Statuses = []string{in.Status}
	}
	if in.Late != "" {
		late := in.Late == "true"
		filter.Late = &late
	}
	found, next, err := a.DB.Shipments(ctx, call.scope, filter, in.page())
	if err != nil {
		return list, err
	}
	objects, err := a.DB.ShipmentObjects(ctx, found)
	return listOf(objects, next), err
}

func (a *shopAPI) syncShipment(tx *models.Tx, call *apiCall, in *actInput) (done[models.ShipmentJSON], error) {
	return shipmentDone(tx)(a.Carriers.Sync(tx, call.scope, in.ID, call.actor()))
}
