package views

import (
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// look is how a status is shown beside its name.
type look struct {
	tone ui.Tone
	icon string
}

var paymentLooks = map[models.PaymentStatus]look{
	models.PaymentPending:        {ui.Neutral, "clock"},
	models.PaymentProcessing:     {ui.Info, "loader"},
	models.PaymentRequiresAction: {ui.Warning, "hand"},
	models.PaymentAuthorized:     {ui.Info, "lock"},
	models.PaymentPaid:           {ui.Success, "circle-check"},
	models.PaymentFailed:         {ui.Danger, "circle-x"},
	models.PaymentUnknown:        {ui.Warning, "circle-help"},
	models.PaymentNeedsReview:    {ui.Warning, "shield-alert"},
	models.PaymentVoided:         {ui.Neutral, "undo-2"},
	models.PaymentCanceled:       {ui.Neutral, "ban"},
	models.PaymentExpired:        {ui.Neutral, "timer"},
}

var shipmentLooks = map[string]look{
	models.ShipmentUnknown:            {ui.Neutral, "circle-dashed"},
	models.ShipmentInfoReceived:       {ui.Neutral, "receipt-text"},
	models.ShipmentPickedUp:           {ui.Info, "package-open"},
	models.ShipmentInTransit:          {ui.Info, "truck"},
	models.ShipmentOutForDelivery:     {ui.Info, "map-pin"},
	models.ShipmentAvailableForPickup: {ui.Warning, "warehouse"},
	models.ShipmentDeliveryFailed:     {ui.Danger, "package-x"},
	models.ShipmentException:          {ui.Danger, "triangle-alert"},
	models.ShipmentDelivered:          {ui.Success, "package-check"},
	models.ShipmentReturning:          {ui.Warning, "undo-2"},
	models.ShipmentReturned:           {ui.Neutral, "undo-2"},
	models.ShipmentCanceled:           {ui.Neutral, "ban"},
	models.ShipmentExpired:            {ui.Neutral, "clock-alert"},
}

var deliveryLooks = map[string]look{
	models.DeliveryPending:    {ui.Neutral, "clock"},
	models.DeliveryDelivering: {ui.Info, "send"},
	models.DeliveryDelivered:  {ui.Success, "circle-check"},
	models.DeliveryRetrying:   {ui.Warning, "repeat"},
	models.DeliveryExhausted:  {ui.Danger, "circle-x"},
	models.DeliveryCanceled:   {ui.Neutral, "ban"},
}

var inboundLooks = map[models.InboundStatus]look{
	models.InboundReceived:  {ui.Info, "clock"},
	models.InboundApplied:   {ui.Success, "circle-check"},
	models.InboundStale:     {ui.Neutral, "circle-minus"},
	models.InboundUnmatched: {ui.Warning, "circle-help"},
	models.InboundError:     {ui.Danger, "circle-x"},
}
