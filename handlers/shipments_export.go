package handlers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// parcelColumns begin with those that can be read again (see carriers.Columns).
var parcelColumns = []string{
	"order_number", "tracking_number", "carrier", "direction", "return_of", "items", "promised_at",
	"status", "status_reason", "late", "shipped_at", "delivered_at", "eta", "last_event_at", "country", "sync_error",
	"customer", "merchant", "id", "created_at",
}

// exportShipments streams the parcels that the list's filter finds, newest first.
func (s *server) exportShipments(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	_, filter := shipmentsFilter(c, v, choice)
	s.streamCSV(c, "parcels.csv", func(ctx context.Context, out *csvStream) error {
		return s.writeShipments(ctx, out, choice, filter)
	})
	return nil
}

func (s *server) writeShipments(ctx context.Context, out *csvStream, choice merchantChoice, filter models.ShipmentFilter) error {
	if err := out.Write(parcelColumns); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	for cursor, written := "", 0; ; {
		found, next, err := s.DB.Shipments(ctx, choice.Scope, filter, models.Page{Limit: models.MaxLimit, Cursor: cursor})
		if err != nil {
			return err
		}
		if err := s.writeParcels(ctx, out, choice, found); err != nil {
			return err
		}
		written += len(found)
		if next == "" {
			return nil
		}
		if written >= views.MaxExport {
			if err := out.Write([]string{fmt.Sprintf("# the newest %d parcels; narrow the filter for the others", written)}); err != nil {
				return fmt.Errorf("write: %w", err)
			}
			return out.send()
		}
		cursor = next
	}
}

func (s *server) writeParcels(ctx context.Context, out *csvStream, choice merchantChoice, found []models.Shipment) error {
	var orderIDs, outbound []string
	for i := range found {
		orderIDs = append(orderIDs, found[i].OrderID)
		if found[i].ReturnOf != nil {
			outbound = append(outbound, *found[i].ReturnOf)
		}
	}
	orders, err := s.DB.OrdersByID(ctx, choice.Scope, orderIDs)
	if err != nil {
		return err
	}
	sentBack, err := s.DB.ShipmentsByID(ctx, outbound)
	if err != nil {
		return err
	}
	numbers := make(map[string]string, len(sentBack))
	for i := range sentBack {
		numbers[sentBack[i].ID] = sentBack[i].TrackingNumber
	}
	for i := range found {
		p := &found[i]
		order := orders[p.OrderID]
		err := out.Write([]string{
			harmless(order.Number), harmless(p.TrackingNumber), harmless(p.Carrier), p.Direction, harmless(numbers[orEmpty(p.ReturnOf)]),
			harmless(itemsText(p.Items)), momentText(p.PromisedAt), p.Status, p.StatusReason, strconv.FormatBool(p.Late),
			momentText(p.ShippedAt), momentText(p.DeliveredAt), momentText(p.ETA), momentText(p.LastEventAt), p.Country, p.SyncErrorKind,
			harmless(order.CustomerName), harmless(choice.name(p.MerchantID)), p.ID, momentText(&p.CreatedAt),
		})
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return out.send()
}

// itemsText is a parcel's contents as carriers.ReadLines reads them.
func itemsText(items []models.ShipmentItem) string {
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = item.SKU + " x " + strconv.FormatInt(item.Quantity, 10)
	}
	return strings.Join(parts, "; ")
}

func momentText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
