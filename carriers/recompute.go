package carriers

import (
	"context"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// recomputeBatch is how many parcels are looked at between two reports.
const recomputeBatch = 200

// Difference is a parcel whose stored status is not what its stored scans say.
type Difference struct {
	ShipmentID string `json:"shipment_id"`
	MerchantID string `json:"merchant_id"`
	Field      string `json:"field"` // status, reason, late, shipped_at, delivered_at or last_event_at
	Stored     string `json:"stored"`
	Computed   string `json:"computed"`
}

// Recompute derives the status of all parcels of a scope from their stored
// scans once more, and reports each that differs. With apply it corrects them,
// which tells merchants as any change does.
func Recompute(
	ctx context.Context, db *models.DB, scope models.Scope, apply bool, report func(Difference),
) (parcels int, err error) {
	page := models.Page{Limit: recomputeBatch}
	for {
		found, next, err := db.Shipments(ctx, scope, models.ShipmentFilter{}, page)
		if err != nil {
			return parcels, err
		}
		for i := range found {
			if err := recompute(ctx, db, found[i].ID, apply, report); err != nil {
				return parcels, err
			}
		}
		parcels += len(found)
		if next == "" {
			return parcels, nil
		}
		page.Cursor = next
	}
}

// recompute looks at one parcel in a transaction of its own, which writes
// nothing unless it corrects.
func recompute(ctx context.Context, db *models.DB, id string, apply bool, report func(Difference)) error {
	var differ []Difference
	err := db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.LockShipments([]string{id}); err != nil {
			return err
		}
		sh, err := tx.Shipment(models.AllMerchants(), id)
		if err != nil {
			return err
		}
		in, err := loaded(tx, sh)
		if err != nil {
			return err
		}
		if sh.Status != models.ShipmentExpired {
			in.Since = time.Time{} // it expires when it is polled, not here
		}
		c := changed(sh, Compute(in))
		differ = differences(sh, c)
		if len(differ) == 0 || !apply {
			return nil
		}
		c.Cause = models.CauseRecompute
		return tx.MoveShipment(sh, c)
	})
	if err != nil {
		return fmt.Errorf("recompute %s: %w", id, err)
	}
	for _, d := range differ {
		report(d)
	}
	return nil
}

// changed is the change that makes of a parcel what was computed.
func changed(sh *models.Shipment, result StatusResult) models.ShipmentChange {
	c := sh.Unchanged()
	c.Status, c.StatusReason, c.Late = string(result.Status), string(result.Reason), result.Late
	c.ShippedAt, c.DeliveredAt, c.LastEventAt = result.ShippedAt, result.DeliveredAt, result.LastEventAt
	return c
}

func differences(sh *models.Shipment, c models.ShipmentChange) []Difference {
	var out []Difference
	for _, field := range []struct{ name, stored, computed string }{
		{"status", sh.Status, c.Status},
		{"reason", sh.StatusReason, c.StatusReason},
		{"late", fmt.Sprint(sh.Late), fmt.Sprint(c.Late)},
		{"shipped_at", moment(sh.ShippedAt), moment(c.ShippedAt)},
		{"delivered_at", moment(sh.DeliveredAt), moment(c.DeliveredAt)},
		{"last_event_at", moment(sh.LastEventAt), moment(c.LastEventAt)},
	} {
		if field.stored != field.computed {
			out = append(out, Difference{sh.ID, sh.MerchantID, field.name, field.stored, field.computed})
		}
	}
	return out
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
