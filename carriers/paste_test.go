package carriers_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestReadLines(t *testing.T) {
	t.Parallel()
	kuala, err := time.LoadLocation("Asia/Kuala_Lumpur")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 3, 5, 15, 59, 59, 0, time.UTC)
	tests := map[string]struct {
		text string
		want []carriers.Line
	}{
		"numbers": {"1Z5R89390357567127\n\n  1Z 5R8 939 \r\n", []carriers.Line{
			{Line: 1, Number: "1Z5R89390357567127"}, {Line: 3, Number: "1Z 5R8 939"},
		}},
		"orders, numbers, carriers": {"A1\tN1234\nA2, N2345, dhl\nA3;N3456;Royal Mail\nN4567,ups", []carriers.Line{
			{Line: 1, OrderNumber: "A1", Number: "N1234"}, {Line: 2, OrderNumber: "A2", Number: "N2345", Carrier: "dhl"},
			{Line: 3, OrderNumber: "A3", Number: "N3456", Carrier: "Royal Mail"}, {Line: 4, Number: "N4567", Carrier: "ups"},
		}},
		"a table": {"\uFEFFTracking Number,order_number,merchant,items,promised_at,direction\n'=N1234,A1,Kopi,TEA-1 x 2; CUP,2026-03-05,Return\n", []carriers.Line{
			{Line: 2, OrderNumber: "A1", Number: "=N1234", Direction: "return", PromisedAt: &end, Items: []models.ShipmentItem{
				{SKU: "TEA-1", Quantity: 2}, {SKU: "CUP", Quantity: 1},
			}, Refusal: models.Invalid("tracking_number", "bad_tracking_number")},
		}},
		"a table of others": {"Order,Tracking Number,Carrier\nA1,N1234,ups\n", []carriers.Line{
			{Line: 2, OrderNumber: "A1", Number: "N1234", Carrier: "ups"},
		}},
		"a table in Chinese": {"快递公司;订单号;运单号\nsf;A1;SF1234567890123\n", []carriers.Line{
			{Line: 2, OrderNumber: "A1", Number: "SF1234567890123", Carrier: "sf"},
		}},
		"what cannot be read": {"tracking_number;direction;items;promised_at\n!!;;;\nN1234;up;;\nN1234;;TEA:0;\nN1234;;;soon", []carriers.Line{
			{Line: 2, Number: "!!", Refusal: models.Invalid("tracking_number", "bad_tracking_number")},
			{Line: 3, Number: "N1234", Direction: "up", Refusal: models.Invalid("direction", "unknown_direction")},
			{Line: 4, Number: "N1234", Refusal: models.Invalid("items", "bad_items")},
			{Line: 5, Number: "N1234", Refusal: models.Invalid("promised_at", "bad_date")},
		}},
		"stray quotes": {"A1,\"N1234\nA2,N23\"45", []carriers.Line{
			{Line: 1, OrderNumber: "A1", Number: "N1234"},
			{Line: 2, OrderNumber: "A2", Number: "N23\"45", Refusal: models.Invalid("tracking_number", "bad_tracking_number")},
		}},
	}
	for name, tt := range tests {
		got, err := carriers.ReadLines(tt.text, kuala)
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(carriers.Line{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for text, want := range map[string]string{
		"": "required", "tracking_number,order_number": "only_header",
		strings.Repeat("N1234\n", carriers.MaxLines+1): "too_many_lines",
	} {
		if _, err := carriers.ReadLines(text, kuala); refusal(err) != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// The same lines twice add nothing the second time; what is refused stays out
// and says why.
func TestPlanAndAddAll(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		foreign := modelstest.Order(t, db, modelstest.Merchant(t, db).ID, 100)
		outcome := func(p *carriers.Planned) string {
			switch {
			case p.Refusal != nil:
				return p.Refusal.Code
			case p.Existing != nil:
				return "there " + p.Chosen
			default:
				return "new " + p.Chosen + " " + p.Number
			}
		}
		number := d.order.Number
		text := strings.Join([]string{
			number + ",1z 5R89390357567127", number + ",1Z5R89390357567127", "1Z5R89390357567127", "NONE,1Z5R89390357567127",
			foreign.Number + ",1Z5R89390357567127", number + ",sbx1234", number + "," + fourteen, number + "," + fourteen + ",dpd",
			number + ",SBX99,nobody",
		}, "\n")
		plan := func() ([]carriers.Planned, []string) {
			t.Helper()
			lines, err := carriers.ReadLines(text, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			planned, err := d.Plan(t.Context(), d.shop.ID, lines, "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range planned {
				got = append(got, outcome(&planned[i]))
			}
			return planned, got
		}
		planned, got := plan()
		want := []string{
			"new ups 1Z5R89390357567127", "twice_here", "order_missing", "unknown_order", "unknown_order", "new sandbox SBX1234",
			"choose_carrier", "new dpd " + fourteen, "unknown_carrier",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		add := func() (added int) {
			var done []carriers.Planned
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				done = slices.Clone(planned)
				added, err = d.AddAll(tx, d.shop.ID, done, modelstest.Actor())
				return err
			})
			return added
		}
		if n := add(); n != 3 {
			t.Errorf("%d were added, want 3", n)
		}
		if n := add(); n != 0 { // the plan is old: they came in meanwhile
			t.Errorf("%d were added again", n)
		}
		_, got = plan()
		want = []string{
			"there ups", "there ups", "order_missing", "unknown_order", "unknown_order", "there sandbox", "there dpd", "there dpd", "unknown_carrier",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("again (-want +got):\n%s", diff)
		}
		for _, sh := range mustShipments(t, db, d.shop.ID) {
			if sh.Carrier == "sandbox" && (sh.NextPollAt == nil || sh.LeaseUntil != nil) {
				t.Errorf("no sweep finds it: %+v", sh)
			}
		}
	})
}

// Blanks stand between an order and a number, between two numbers, and within
// one: what is known decides which.
func TestPlanBlanks(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		order := d.order.Number
		tests := []struct{ line, all, want string }{
			{order + " 1Z5R89390357567127", "", order + " ups 1Z5R89390357567127"},
			{order + " 1Z 5R8 939 0357567127", "", order + " ups 1Z5R89390357567127"},
			{order + " RR 123 456 785 DE", "", order + " dhl RR123456785DE"},
			{order + " RR 123 456 785 DE ups", "", order + " ups RR123456785DE"},
			{order + "  N123 45 Royal Mail", "", order + " royalmail N12345"},
			{"1Z 5R8 939 0357567127", order, order + " ups 1Z5R89390357567127"},
			{"RR 123 456 785 DE", order, order + " dhl RR123456785DE"},
			{"RR 123 456 784 DE", order, "choose_carrier"},
			{"N12 3456 ups", order, order + " ups N123456"},
			{"A-77 1Z5R89390357567127", "", "unknown_order"},
			{"1Z5R89390357567127 RR123456785DE", order, "several_numbers"},
			{order + " 1Z5R89390357567127 RR123456785DE", "", "several_numbers"},
			{order + ",1Z5R89390357567127 RR123456785DE", "", "several_numbers"},
			{order + ",1Z 5R8 939 0357567127", "", order + " ups 1Z5R89390357567127"},
			{"no idea", order, "choose_carrier"},
		}
		for _, tt := range tests {
			lines, err := carriers.ReadLines(tt.line, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			planned, err := d.Plan(t.Context(), d.shop.ID, lines, tt.all)
			if err != nil {
				t.Fatal(err)
			}
			p := planned[0]
			got := p.OrderNumber + " " + p.Chosen + " " + p.Number
			if p.Refusal != nil {
				got = p.Refusal.Code
			}
			if got != tt.want {
				t.Errorf("%q is %q, want %q", tt.line, got, tt.want)
			}
		}
	})
}

// A parcel holds no more than its order has, whichever way it comes.
func TestItemsAreOfTheOrder(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db) // one TEA-1
		n := 0
		for items, want := range map[string]string{
			"TEA-1 x 1": "", "TEA-1 x 9": "items[0].quantity: more_than_ordered", "foo bar": "items[0].sku: item_not_ordered",
			"TEA-1;TEA-1": "items[1].quantity: more_than_ordered",
		} {
			n++
			lines, err := carriers.ReadLines("order_number\ttracking_number\titems\n"+d.order.Number+fmt.Sprintf("\tSBX%04d\t", n)+items, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			planned, err := d.Plan(t.Context(), d.shop.ID, lines, "")
			if err != nil {
				t.Fatal(err)
			}
			pasted := ""
			if planned[0].Refusal != nil {
				pasted = planned[0].Refusal.Error()
			}
			added := ""
			err = db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Add(tx, d.shop.ID, carriers.New{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: lines[0].Number, Items: lines[0].Items})
				return err
			})
			if err != nil {
				added = err.Error()
			}
			if pasted != want || added != want {
				t.Errorf("%q: pasted %q, added %q, want %q", items, pasted, added, want)
			}
		}
	})
}

func mustShipments(t *testing.T, db *models.DB, merchantID string) []models.Shipment {
	t.Helper()
	found, _, err := db.Shipments(t.Context(), models.MerchantScope(merchantID), models.ShipmentFilter{}, models.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Many parcels take as many statements as a few, and their events are numbered
// as if they came one after the other.
func TestAddAllInFewStatements(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		add := func(prefix string, n int) int64 {
			plan := make([]carriers.Planned, n)
			for i := range plan {
				o := d.order
				if i%3 != 0 {
					o = modelstest.Order(t, db, d.shop.ID, 100)
				}
				plan[i] = carriers.Planned{Line: carriers.Line{Number: fmt.Sprintf("%s%04d", prefix, i), OrderNumber: o.Number}, Order: o, Chosen: "sandbox"}
			}
			var statements atomic.Int64
			err := db.Write(models.CountQueries(t.Context(), &statements), func(tx *models.Tx) error {
				added, err := d.AddAll(tx, d.shop.ID, slices.Clone(plan), modelstest.Actor())
				if added != n {
					t.Errorf("%d of %d were added", added, n)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return statements.Load()
		}
		few, many := add("FEW", 4), add("MANY", 60)
		if many > few {
			t.Errorf("%d statements add 60 parcels, %d add 4", many, few)
		}
		events, err := db.OrderEvents(t.Context(), models.MerchantScope(d.shop.ID), d.order.ID, 100)
		if err != nil {
			t.Fatal(err)
		}
		created := 0
		for i, e := range slices.Backward(events) {
			if e.Sequence != int64(len(events)-i) {
				t.Errorf("event %d of %d has number %d", len(events)-i, len(events), e.Sequence)
			}
			if e.Type == models.EventShipmentCreated {
				created++
			}
		}
		if created != 2+20 {
			t.Errorf("%d parcels of the order were told of, want 22", created)
		}
	})
}

// A return finds the outbound parcel that stands below it in the same table.
func TestAddAllLinksReturns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		line := func(number, direction string) carriers.Planned {
			return carriers.Planned{Line: carriers.Line{Number: number, OrderNumber: d.order.Number, Direction: direction}, Order: d.order, Chosen: "sandbox"}
		}
		plan := []carriers.Planned{line("BACK1", models.DirectionReturn), line("OUT01", "")}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := d.AddAll(tx, d.shop.ID, plan, modelstest.Actor())
			return err
		})
		if back, out := plan[0].Existing, plan[1].Existing; back.ReturnOf == nil || *back.ReturnOf != out.ID {
			t.Errorf("%+v sends back %v, want %s", back, back.ReturnOf, out.ID)
		}
	})
}

// Returns in a table name what they send back.
func TestPlanReturns(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		out := d.add(t) // SBX1234
		text := fmt.Sprintf("order_number,tracking_number,direction,return_of\n%s,SBX5,return,sbx 1234\n%s,SBX6,return,SBX77", d.order.Number, d.order.Number)
		text = strings.ReplaceAll(strings.ReplaceAll(text, "SBX5,", "SBX5555,"), "SBX6,", "SBX6666,")
		lines, err := carriers.ReadLines(text, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		planned, err := d.Plan(t.Context(), d.shop.ID, lines, "")
		if err != nil {
			t.Fatal(err)
		}
		if planned[0].ReturnOfID != out || planned[1].Refusal == nil || planned[1].Refusal.Code != "unknown_parcel" {
			t.Errorf("%+v", planned)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := d.AddAll(tx, d.shop.ID, slices.Clone(planned), modelstest.Actor())
			return err
		})
		if found, err := db.ReturnsOf(t.Context(), out); err != nil || len(found) != 1 {
			t.Errorf("returns %+v, %v", found, err)
		}
	})
}
