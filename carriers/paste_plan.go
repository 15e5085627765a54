package carriers

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/models"
)

// Planned is what becomes of a line.
type Planned struct {
	Line

	Order      *models.Order // nil when it is not known
	Candidates []detect.Candidate
	Chosen     string           // code of the carrier, or account id; empty while it is unclear
	Existing   *models.Shipment // that is the same
	ReturnOfID string
}

// Ready says whether the line makes a new parcel.
func (p *Planned) Ready() bool { return p.Refusal == nil && p.Existing == nil }

// Plan says of each line what would become of it, and why not. Lines without an
// order are of the given one, which may be empty.
func (s *Service) Plan(ctx context.Context, merchantID string, lines []Line, orderNumber string) ([]Planned, error) {
	scope := models.MerchantScope(merchantID)
	habit, err := s.db.CarrierHabit(ctx, scope)
	if err != nil {
		return nil, err
	}
	plan := planner{seen: map[string]bool{}, habit: habit}
	if err := plan.loadOrders(ctx, s.db, scope, lines, orderNumber); err != nil {
		return nil, err
	}
	var numbers []string
	for i := range lines {
		l := &lines[i]
		plan.part(l, orderNumber != "")
		l.OrderNumber = cmp.Or(l.OrderNumber, orderNumber)
		numbers = append(numbers, models.NormalTrackingNumber(l.Number))
		if l.ReturnOf != "" {
			numbers = append(numbers, models.NormalTrackingNumber(l.ReturnOf))
		}
	}
	if plan.existing, err = s.db.ShipmentsByNumber(ctx, scope, unique(numbers)); err != nil {
		return nil, err
	}
	out := make([]Planned, len(lines))
	for i := range lines {
		out[i] = plan.line(lines[i])
	}
	return out, nil
}

func unique(texts []string) []string {
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	slices.Sort(texts)
	return slices.Compact(texts)
}

// planner holds what lines are compared with.
type planner struct {
	orders   map[string]models.Order
	items    map[string][]models.OrderItem // by order
	existing []models.Shipment
	habit    models.CarrierHabit
	seen     map[string]bool // orders with carriers and numbers of earlier lines
}

// loadOrders loads the orders that lines may name, and of those whose parcels do
// not hold all, the items.
func (p *planner) loadOrders(ctx context.Context, db *models.DB, scope models.Scope, lines []Line, orderNumber string) (err error) {
	orders := []string{orderNumber}
	var parted []string
	for i := range lines {
		orders = append(append(orders, lines[i].OrderNumber), lines[i].orderWords()...)
	}
	if p.orders, err = db.OrdersByNumber(ctx, scope, unique(orders)); err != nil {
		return err
	}
	for i := range lines {
		if o, known := p.orders[cmp.Or(lines[i].OrderNumber, orderNumber)]; known && len(lines[i].Items) > 0 {
			parted = append(parted, o.ID)
		}
	}
	p.items, err = db.ItemsOfOrders(ctx, unique(parted))
	return err
}

func (p *planner) line(l Line) Planned {
	planned := Planned{Line: l}
	country := ""
	if o, known := p.orders[l.OrderNumber]; known {
		planned.Order, country = &o, o.ShippingAddress.Country
		if end, err := PromisedBy(l.promised.text, o.ShippingAddress, l.promised.zone); err == nil && l.Direction != models.DirectionReturn {
			planned.PromisedAt = &end
		}
	}
	if planned.Refusal == nil || planned.Refusal.Field != "tracking_number" {
		p.choose(&planned, country)
	}
	if planned.Refusal == nil {
		planned.Refusal = p.refuse(&planned)
	}
	return planned
}

// choose finds the carrier, and the number as the carrier writes it.
func (p *planner) choose(planned *Planned, country string) {
	planned.Candidates = detect.Detect(planned.Number, hints(p.habit, country))
	planned.Number = models.NormalTrackingNumber(planned.Number)
	switch best, certain := detect.Best(planned.Candidates); {
	case planned.Carrier != "":
		planned.Chosen = codeOf(planned.Carrier)
		for _, c := range planned.Candidates {
			if c.Carrier == planned.Chosen {
				planned.Number = c.Number
			}
		}
	case certain:
		planned.Chosen, planned.Number = best.Carrier, best.Number
	}
	for i := range p.existing {
		sh := &p.existing[i]
		same := planned.Chosen == "" || sh.Carrier == planned.Chosen || models.IsID(models.PrefixCarrierAccount, planned.Chosen)
		if same && sh.TrackingNumber == planned.Number && planned.Order != nil && sh.OrderID == planned.Order.ID {
			planned.Existing, planned.Chosen = sh, sh.Carrier
		}
	}
}

// refuse says why a line that can be read makes no parcel; nil when it does, or
// did already.
func (p *planner) refuse(planned *Planned) *models.Error {
	switch {
	case planned.OrderNumber == "":
		return models.Invalid("order_number", "order_missing")
	case planned.Order == nil:
		return models.Invalid("order_number", "unknown_order")
	case planned.Existing != nil:
		return nil
	case planned.Order.Status == models.OrderCanceled:
		return models.Conflict("order_canceled", planned.Order.Status)
	case planned.Chosen == "" && planned.Carrier != "":
		return models.Invalid("carrier", "unknown_carrier")
	case planned.Chosen == "":
		return Unclear(planned.Number)
	case planned.ReturnOf != "" && !p.findReturn(planned):
		return models.Invalid("return_of", "unknown_parcel")
	}
	if refusal, ok := errors.AsType[*models.Error](checkItems(planned.Items, p.items[planned.Order.ID])); ok {
		return refusal
	}
	key := planned.Order.ID + " " + planned.Chosen + " " + planned.Number
	if p.seen[key] {
		return models.Invalid("tracking_number", "twice_here")
	}
	p.seen[key] = true
	return nil
}

// findReturn finds the parcel that a return sends back.
func (p *planner) findReturn(planned *Planned) bool {
	number := models.NormalTrackingNumber(planned.ReturnOf)
	for i := range p.existing {
		sh := &p.existing[i]
		if sh.TrackingNumber == number && sh.OrderID == planned.Order.ID && sh.Direction == models.DirectionOutbound {
			planned.ReturnOfID = sh.ID
		}
	}
	return planned.ReturnOfID != ""
}

// codeOf is the carrier that a word names: its code or its name, or an account;
// empty when it names none.
func codeOf(word string) string {
	word = strings.TrimSpace(word)
	if models.IsID(models.PrefixCarrierAccount, word) {
		return word
	}
	return detect.Code(word)
}
