package carriers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for text, want := range map[string]string{
		"": "required", "tracking_number,order_number": "required",
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

func mustShipments(t *testing.T, db *models.DB, merchantID string) []models.Shipment {
	t.Helper()
	found, _, err := db.Shipments(t.Context(), models.MerchantScope(merchantID), models.ShipmentFilter{}, models.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	return found
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
