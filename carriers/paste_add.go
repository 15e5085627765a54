package carriers

import (
	"cmp"
	"errors"
	"strconv"

	"github.com/tillpost/tillpost/models"
)

// AddAll adds the parcels of a plan that can be, in one transaction, and notes
// in the plan what became of each: a parcel that somebody added meanwhile is
// existing, one that is refused says why. It returns how many are new. The next
// sweep asks for them, many in a call where the carrier takes so.
func (s *Service) AddAll(tx *models.Tx, merchantID string, plan []Planned, actor models.Actor) (int, error) {
	// Outbound parcels come first, so that returns find what they send back.
	var outbound, returns []*Planned
	for i := range plan {
		switch p := &plan[i]; {
		case !p.Ready():
		case p.Direction == models.DirectionReturn:
			returns = append(returns, p)
		default:
			outbound = append(outbound, p)
		}
	}
	adder := adder{router: router{tx: tx}}
	if err := adder.lock(models.MerchantScope(merchantID), outbound, returns); err != nil {
		return 0, err
	}
	for _, lines := range [][]*Planned{outbound, returns} {
		if err := adder.add(lines); err != nil {
			return 0, err
		}
	}
	if adder.added == 0 {
		return 0, nil
	}
	return adder.added, tx.Audit(actor, models.AuditEntry{
		MerchantID: &merchantID, Action: "shipment.paste", ObjectID: merchantID,
		Detail: map[string]string{"added": strconv.Itoa(adder.added)},
	})
}

// adder adds the parcels of many lines.
type adder struct {
	router

	orders map[string]*models.Order
	added  int
}

// lock holds all orders of the lines from now on: what they were when the lines
// were read may have changed.
func (a *adder) lock(scope models.Scope, groups ...[]*Planned) (err error) {
	var ids []string
	for _, lines := range groups {
		for _, p := range lines {
			ids = append(ids, p.Order.ID)
		}
	}
	a.orders, err = a.tx.LockOrders(scope, ids)
	return err
}

func (a *adder) add(lines []*Planned) error {
	var (
		rows []models.Shipment
		of   []*Planned // the line of each row
	)
	for _, p := range lines {
		o := a.orders[p.Order.ID]
		if o == nil {
			p.Refusal = models.Invalid("order_number", "unknown_order")
			continue
		}
		in := New{
			OrderID: o.ID, Carrier: p.Chosen, TrackingNumber: p.Number, Items: p.Items, PromisedAt: p.PromisedAt,
			Direction: cmp.Or(p.Direction, models.DirectionOutbound), ReturnOf: p.ReturnOfID,
		}
		err := in.check()
		var row models.Shipment
		if err == nil {
			row, err = in.parcel(&a.router, o)
		}
		if errors.As(err, &p.Refusal) {
			continue
		}
		if err != nil {
			return err
		}
		rows, of = append(rows, row), append(of, p)
	}
	made, err := a.tx.CreateShipments(rows)
	if err != nil {
		return err
	}
	for i, p := range of {
		switch refusal := made[i].Refusal; {
		case refusal == nil:
			p.Existing = made[i].Shipment
			a.added++
		case refusal.Code == "shipment_exists":
			p.Existing = &models.Shipment{Carrier: p.Chosen, TrackingNumber: p.Number}
		default:
			p.Refusal = refusal
		}
	}
	return nil
}
