package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// edit replaces a text in one file; a file without old is appended to.
type edit struct{ file, old, new string }

// folder copies a folder of testdata and edits the copy.
func folder(t *testing.T, name string, edits ...edit) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		path := filepath.Join(dir, e.file)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), e.old) {
			t.Fatalf("%s does not contain %q", e.file, e.old)
		}
		text := strings.Replace(string(data), e.old, e.new, 1)
		if e.old == "" {
			text = string(data) + e.new
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func brazil(t *testing.T, db *models.DB) *models.Merchant {
	t.Helper()
	var m *models.Merchant
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		m, err = tx.CreateMerchant(models.Merchant{Name: "Loja", Currency: "BRL", Timezone: "America/Sao_Paulo"})
		return err
	})
	return m
}

func runOlist(t *testing.T, db *models.DB, m *models.Merchant, dir string, opts Options) Report {
	t.Helper()
	report, err := Olist(t.Context(), db, m, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// olistSums are those of testdata/olist, added up by hand.
var olistSums = []Sum{
	{Type: "boleto", Currency: "BRL", Payments: 6, Amount: 27009},
	{Type: "credit_card", Currency: "BRL", Payments: 4, Amount: 13807},
	{Type: "debit_card", Currency: "BRL", Payments: 1, Amount: 9999},
	{Type: "not_defined", Currency: "BRL", Payments: 1, Amount: 0},
	{Type: "voucher", Currency: "BRL", Payments: 3, Amount: 2478},
}

func stored(sums []Sum) []Sum {
	out := slices.Clone(sums)
	for i := range out {
		out[i].StoredCount, out[i].StoredAmount = out[i].Payments, out[i].Amount
	}
	return out
}

func TestOlistReports(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := brazil(t, db)
		want := Report{Orders: 12, Items: 21, Payments: 15, Parcels: 7, Refused: []Refusal{}, Incomplete: []Refusal{}}
		dry := want
		dry.DryRun, dry.Sums = true, olistSums
		if diff := cmp.Diff(dry, runOlist(t, db, m, "testdata/olist", Options{DryRun: true})); diff != "" {
			t.Errorf("dry run (-want +got):\n%s", diff)
		}
		if orders := list(t, db, m); len(orders) != 0 {
			t.Fatalf("the dry run wrote %d orders", len(orders))
		}
		want.Sums = stored(olistSums)
		if diff := cmp.Diff(want, runOlist(t, db, m, "testdata/olist", Options{})); diff != "" {
			t.Errorf("first run (-want +got):\n%s", diff)
		}
		before := objects(t, db, m)
		again := Report{Unchanged: 12, Refused: []Refusal{}, Incomplete: []Refusal{}, Sums: stored(olistSums)}
		if diff := cmp.Diff(again, runOlist(t, db, m, "testdata/olist", Options{})); diff != "" {
			t.Errorf("second run (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, objects(t, db, m)); diff != "" {
			t.Errorf("the second run changed orders:\n%s", diff)
		}
	})
}

func TestOlistOrders(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := brazil(t, db)
		runOlist(t, db, m, "testdata/olist", Options{})
		got := objects(t, db, m)
		// number: status, payment state, shipping state, amount, paid | payments | parcel
		want := map[string]string{
			"late":       "completed paid delivered 6768 6768 | paid credit_card 5000, paid voucher 1768 | delivered late 2017-03-21T03:00:00Z",
			"punctual":   "completed overpaid delivered 3060 3307 | paid credit_card 3307 | delivered 2017-08-02T02:59:59Z",
			"backwards":  "open partly_paid delivered 10000 9999 | paid debit_card 9999 | delivered 2017-05-04T19:00:00Z",
			"silent":     "completed paid delivered 4509 4509 | paid boleto 4509 | delivered",
			"underway":   "open paid shipped 3300 3300 | paid credit_card 3300, paid voucher 0 | picked_up",
			"handedover": "open paid shipped 2200 2200 | paid boleto 2200 | in_transit",
			"dropped":    "canceled unpaid unshipped 2200 0 | canceled not_defined 0 |",
			"regretted":  "canceled paid delivered 2200 2200 | paid credit_card 2200 | delivered 2017-01-15T14:00:00Z",
			"soldout":    "canceled paid unshipped 7711 7711 | paid voucher 710, paid boleto 7001 |",
			"waiting":    "open unpaid unshipped 8899 0 | expired boleto 8899 |",
			"skipped":    "open paid unshipped 2200 2200 | paid boleto 2200 |",
			"repeated":   "open paid unshipped 2200 2200 | paid boleto 2200 |",
		}
		for number, story := range want {
			if diff := cmp.Diff(story, summary(got[number])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", number, diff)
			}
		}
	})
}

func TestOlistKeepsWhatTheFilesSay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := brazil(t, db)
		runOlist(t, db, m, "testdata/olist", Options{})
		orders := objects(t, db, m)
		late := orders["late"]
		items := []models.OrderItem{
			{SKU: "lamp", Name: "lamp", Quantity: 1, Amount: 2199}, {SKU: "lamp", Name: "lamp", Quantity: 1, Amount: 2199},
			{SKU: "freight", Name: "Freight", Quantity: 1, Amount: 2370},
		}
		for i := range late.Items {
			late.Items[i].OrderID, late.Items[i].Position = "", 0
		}
		if diff := cmp.Diff(items, late.Items); diff != "" {
			t.Errorf("items (-want +got):\n%s", diff)
		}
		address := models.Address{City: "são paulo", Region: "SP", PostalCode: "04003", Country: "BR"}
		if diff := cmp.Diff(address, orders["punctual"].ShippingAddress); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
		offset := -180
		shipped, delivered := at("2017-05-09T11:00:00Z"), at("2017-05-04T19:00:00Z")
		scans := []models.TrackingEventJSON{
			{OccurredAt: &shipped, LocalTime: "2017-05-09T08:00:00", UTCOffset: &offset, Precision: "second", Status: "picked_up", Code: "shipped", Description: "Handed over to the carrier", Location: "brasilia, DF"},
			{OccurredAt: &delivered, LocalTime: "2017-05-04T16:00:00", UTCOffset: &offset, Precision: "second", Status: "delivered", Code: "delivered", Description: "Delivered to the customer", Location: "timoteo, MG"},
		}
		backwards := orders["backwards"].Shipments[0]
		if diff := cmp.Diff(scans, backwards.Events); diff != "" {
			t.Errorf("scans of a delivery before hand-over (-want +got):\n%s", diff)
		}
		if !backwards.CreatedAt.Equal(delivered) || backwards.NextSyncAt != nil || backwards.Carrier != "olist" {
			t.Errorf("parcel = %+v", backwards)
		}
		for number, times := range map[string][2]string{
			"skipped":  {"2016-10-16T03:30:00Z", "2016-10-16T02:59:59Z"},
			"repeated": {"2017-02-19T01:30:00Z", "2017-02-19T02:59:59Z"},
		} {
			o := orders[number]
			if !o.PlacedAt.Equal(at(times[0])) || !o.CreatedAt.Equal(o.PlacedAt) || !o.PromisedAt.Equal(at(times[1])) {
				t.Errorf("%s: placed %v, created %v, promised %v", number, o.PlacedAt, o.CreatedAt, o.PromisedAt)
			}
		}
	})
}

func TestOlistHistoryStaysQuiet(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := brazil(t, db)
		runOlist(t, db, m, "testdata/olist", Options{})
		placed := list(t, db, m)
		if !slices.IsSortedFunc(placed, func(a, b models.Order) int { return b.PlacedAt.Compare(a.PlacedAt) }) {
			t.Error("the list is not sorted by the time of purchase, newest first")
		}
		for _, rows := range []string{"events", "deliveries", "attempts", "river_job"} {
			var n int
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+rows).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d rows, %v", rows, n, err)
			}
		}
		stats, err := db.DailyStats(t.Context(), models.MerchantScope(m.ID), "2016-01-01", "2017-12-31")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for _, s := range stats {
			got[s.Metric] += s.Count
			got[s.Metric+" on "+s.Day] += s.Count
		}
		for figure, n := range map[string]int64{
			"orders": 12, "orders on 2017-02-18": 1, "orders on 2016-10-05": 1, "paid": 13, "paid on 2017-03-02": 2,
			"shipments": 7, "delivered": 5, "delivered on 2017-08-01": 1, "late": 1, "late on 2017-03-21": 1,
		} {
			if got[figure] != n {
				t.Errorf("%s = %d, want %d", figure, got[figure], n)
			}
		}
	})
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}
