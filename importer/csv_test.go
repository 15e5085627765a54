package importer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		want := Report{
			Orders: 3, Items: 2, Payments: 4, Parcels: 2, Refused: []Refusal{}, Incomplete: []Refusal{},
			Sums: []Sum{
				{"card", "EUR", 3, 6380, 3, 6380}, {"wallet", "JPY", 1, 1200, 1, 1200},
			},
		}
		for _, run := range []Report{want, {Unchanged: 3, Refused: []Refusal{}, Incomplete: []Refusal{}, Sums: want.Sums}} {
			got, err := CSV(t.Context(), db, m, []string{"testdata/csv"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(run, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		}
		orders := objects(t, db, m)
		for number, story := range map[string]string{
			"A-1": "completed paid delivered 2440 2440 | failed card 2440, paid card 2440 | delivered late 2024-04-06T07:00:00Z",
			"A-2": "open paid attention 1200 1200 | paid wallet 1200 | exception",
			"A-3": "canceled unpaid unshipped 1500 0 | voided card 1500 |",
		} {
			if diff := cmp.Diff(story, summary(orders[number])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", number, diff)
			}
		}
		first := orders["A-1"]
		address := models.Address{Name: "Ada Lovelace", Line1: "Hauptstr. 1\nHinterhaus", City: "Berlin", PostalCode: "10115", Country: "DE"}
		if diff := cmp.Diff(address, first.ShippingAddress); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
		if !first.PlacedAt.Equal(at("2024-03-30T17:00:00Z")) || !first.PromisedAt.Equal(at("2024-04-05T21:59:59Z")) {
			t.Errorf("placed %v, promised %v", first.PlacedAt, first.PromisedAt)
		}
		if it := first.Items[0]; it.Quantity != 2 || it.Amount != 1990 || it.Name != `Tea "First Flush"` {
			t.Errorf("item = %+v", it)
		}
		if p := first.Payments[1]; p.Metadata["reference"] != "ch_77" || p.Description != "First" {
			t.Errorf("payment = %+v", p)
		}
	})
}

func TestCSVRefusesRows(t *testing.T) {
	t.Parallel()
	const payments = "payments-2024.csv"
	tests := []struct {
		name string
		edit edit
		want Refusal
	}{
		{"currency", edit{"orders.csv", "JPY", "jpy"}, Refusal{"orders.csv", 4, `currency: "jpy" is not a currency of ISO 4217, in capitals`}},
		{"amount of the wrong currency", edit{"orders.csv", "1200,", "1200.50,"}, Refusal{"orders.csv", 4, `amount: "1200.50" has more than 0 decimals`}},
		{"no amount", edit{"orders.csv", "1200,", ","}, Refusal{"orders.csv", 4, "amount is empty and the order has no items"}},
		{"status of an order", edit{"orders.csv", "canceled", "gone"}, Refusal{"orders.csv", 5, `status: "gone" is not open, completed or canceled`}},
		{"no number", edit{"orders.csv", "A-3,", ","}, Refusal{"orders.csv", 5, "number is empty"}},
		{"quantity", edit{"items.csv", ",2,", ",0,"}, Refusal{"items.csv", 2, `quantity: "0" is not a whole number of at least 1`}},
		{"no name", edit{"items.csv", "Postage", ""}, Refusal{"items.csv", 3, "name is empty"}},
		{"unsettled payment", edit{payments, "voided", "pending"}, Refusal{payments, 5, `status: "pending" is not one of [paid failed canceled expired voided]`}},
		{"carrier", edit{"shipments.csv", "dhl", "DHL Express"}, Refusal{"shipments.csv", 2, `carrier: "DHL Express" is not a code of small letters, digits and _`}},
		{"status of a parcel", edit{"shipments.csv", "exception", "lost"}, Refusal{"shipments.csv", 3, `status: "lost" is not one of [`}},
		{"delivered although it was not", edit{"shipments.csv", "JJD0001,", "JJD0001,exception"}, Refusal{"shipments.csv", 2, "delivered_at is set although the status is exception"}},
		{"parcel twice", edit{"shipments.csv", "", "A-2,sf,SF2,,,,\n"}, Refusal{"shipments.csv", 4, "parcel sf SF2 of order A-2 stands in line 3 already"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := modelstest.SQLite(t)
			report, err := CSV(t.Context(), db, modelstest.Merchant(t, db), []string{folder(t, "csv", tt.edit)}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Refused {
				if r.File == tt.want.File && r.Line == tt.want.Line && strings.HasPrefix(r.Reason, tt.want.Reason) {
					return
				}
			}
			t.Errorf("refused = %+v, want %+v", report.Refused, tt.want)
		})
	}
}

func TestCSVRefusesPaths(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	m := modelstest.Merchant(t, db)
	for _, tt := range []struct{ name, path, want string }{
		{"nothing there", filepath.Join(t.TempDir(), "orders.csv"), "read "},
		{"other name", write(t, "customers.csv", "a\n"), "customers.csv: the name must begin with orders, items, payments or shipments"},
		{"no orders", write(t, "items.csv", "order_number,name,amount\n"), "no file of orders"},
		{"folder without files", t.TempDir(), "no file of orders"},
	} {
		_, err := CSV(t.Context(), db, m, []string{tt.path}, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestInterruptedImportIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	const all = 2*ordersAtOnce + 100
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := modelstest.Merchant(t, db)
		paths := many(t, all)
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		report, err := CSV(ctx, db, m, paths, Options{Progress: func(done, total int) {
			if done != ordersAtOnce || total != all {
				t.Errorf("progress = %d of %d", done, total)
			}
			interrupt()
		}})
		if !errors.Is(err, context.Canceled) || report.Orders != ordersAtOnce || report.Payments != ordersAtOnce {
			t.Fatalf("interrupted run = %d orders, %d payments, %v", report.Orders, report.Payments, err)
		}
		report, err = CSV(t.Context(), db, m, paths, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if report.Orders != all-ordersAtOnce || report.Unchanged != ordersAtOnce {
			t.Errorf("next run made %d orders, left %d", report.Orders, report.Unchanged)
		}
		want := []Sum{{"card", "EUR", all, all * 100, all, all * 100}}
		if diff := cmp.Diff(want, report.Sums); diff != "" {
			t.Errorf("sums (-want +got):\n%s", diff)
		}
	})
}

// many writes orders with one payment each.
func many(t *testing.T, n int) []string {
	t.Helper()
	orders, payments := "number,placed_at,amount\n", "order_number,method,amount\n"
	for i := range n {
		orders += fmt.Sprintf("M-%d,2024-01-%02d,1.00\n", i, 1+i%31)
		payments += fmt.Sprintf("M-%d,card,1.00\n", i)
	}
	return []string{write(t, "orders.csv", orders), write(t, "payments.csv", payments)}
}
