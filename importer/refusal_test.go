package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models/modelstest"
)

func TestOlistRefusesRows(t *testing.T) {
	t.Parallel()
	leftOut := "order punctual is left out because of "
	tests := []struct {
		name   string
		edits  []edit
		want   []Refusal
		orders int
	}{
		{
			name: "a bad number leaves out the order with all its rows", orders: 11,
			edits: []edit{{olistItems, "16.5,", "16.555,"}},
			want: []Refusal{
				{olistOrders, 3, leftOut + olistItems + " line 4"},
				{olistItems, 4, `price: "16.555" has more than 2 decimals`},
				{olistPayments, 3, leftOut + olistItems + " line 4"},
			},
		},
		{
			name: "a bad date", orders: 11,
			edits: []edit{{olistOrders, "2017-07-11 14:58:04", "11.07.2017"}},
			want: []Refusal{
				{olistOrders, 3, `order_delivered_carrier_date: "11.07.2017" is not a time like 2017-07-09 21:57:05`},
				{olistItems, 4, leftOut + olistOrders + " line 3"},
				{olistPayments, 3, leftOut + olistOrders + " line 3"},
			},
		},
		{
			name: "no time of purchase", orders: 11,
			edits: []edit{{olistOrders, "2017-11-06 13:12:34", ""}},
			want: []Refusal{
				{olistOrders, 11, "order_purchase_timestamp is empty"},
				{olistPayments, 14, "order waiting is left out because of " + olistOrders + " line 11"},
			},
		},
		{
			name: "a status that nobody knows", orders: 11,
			edits: []edit{{olistOrders, "c2,created", "c2,teleported"}},
			want: []Refusal{
				{olistOrders, 11, `order_status: "teleported" is not known`},
				{olistPayments, 14, "order waiting is left out because of " + olistOrders + " line 11"},
			},
		},
		{
			name: "unknown orders", orders: 12,
			edits: []edit{{olistItems, "", "ghost,1,chair,s1,,1.00,1.00\n"}, {olistPayments, "", "ghost,1,voucher,1,2.00\n,1,voucher,1,2.00\n"}},
			want: []Refusal{
				{olistItems, 14, "order ghost is not in " + olistOrders},
				{olistPayments, 17, "order ghost is not in " + olistOrders},
				{olistPayments, 18, "order_id is empty"},
			},
		},
		{
			name: "repetitions, of which the first counts", orders: 12,
			edits: []edit{
				{olistOrders, "", "waiting,c2,created,2017-11-06 13:12:34,,,,2017-12-01 00:00:00\n"},
				{olistPayments, "", "waiting,1,boleto,1,88.99\n"},
				{olistItems, "", "late,2,lamp,s1,2017-03-05 10:00:00,21.99,11.85\n"},
			},
			want: []Refusal{
				{olistOrders, 14, "order waiting stands in " + olistOrders + " line 11 already"},
				{olistItems, 14, "item 2 of order late stands in line 2 already"},
				{olistPayments, 17, "payment 1 of order waiting stands in line 14 already"},
			},
		},
		{
			name: "rows that are none", orders: 11,
			edits: []edit{{olistPayments, "punctual,1,credit_card,8,33.07", "punctual,1,credit\"card,8,33.07"}, {olistSellers, "", "s3,1\n"}},
			want: []Refusal{
				{olistOrders, 3, leftOut + olistPayments + " line 3"},
				{olistItems, 4, leftOut + olistPayments + " line 3"},
				{olistPayments, 3, `bare " in non-quoted-field`},
				{olistSellers, 4, "2 fields instead of 4"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := modelstest.SQLite(t)
			m := brazil(t, db)
			dir := folder(t, "olist", tt.edits...)
			dry := runOlist(t, db, m, dir, Options{DryRun: true})
			got := runOlist(t, db, m, dir, Options{})
			if diff := cmp.Diff(tt.want, got.Refused); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(dry.Refused, got.Refused); diff != "" {
				t.Errorf("the dry run refused other rows:\n%s", diff)
			}
			if got.Orders != tt.orders || dry.Orders != tt.orders || len(list(t, db, m)) != tt.orders {
				t.Errorf("orders = %d, dry %d, want %d", got.Orders, dry.Orders, tt.orders)
			}
			corrected := runOlist(t, db, m, "testdata/olist", Options{})
			if corrected.Orders != 12-tt.orders || corrected.Unchanged != tt.orders {
				t.Errorf("the corrected files made %d orders, left %d", corrected.Orders, corrected.Unchanged)
			}
			if diff := cmp.Diff(stored(olistSums), corrected.Sums); diff != "" {
				t.Errorf("sums of the corrected files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOlistTakesOrdersWithoutCustomer(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	m := brazil(t, db)
	got := runOlist(t, db, m, folder(t, "olist", edit{olistOrders, "waiting,c2", "waiting,c9"}), Options{})
	want := []Refusal{{olistOrders, 11, "customer c9 is not in " + olistCustomers + ": taken without address"}}
	if diff := cmp.Diff(want, got.Incomplete); diff != "" || got.Orders != 12 || len(got.Refused) != 0 {
		t.Errorf("report = %+v\nincomplete (-want +got):\n%s", got, diff)
	}
}

func TestOlistRefusesFolders(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, content, want string }{
		{"an empty file", olistCustomers, "", olistCustomers + ": the file is empty"},
		{"no such column", olistItems, "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price\n", olistItems + `: column "freight_value" is missing`},
		{"a column too many", olistSellers, "seller_id,seller_zip_code_prefix,seller_city,seller_state,rating\n", olistSellers + `: unknown column "rating"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, "olist")
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, dir, tt.want)
		})
	}
	t.Run("a file is missing", func(t *testing.T) {
		t.Parallel()
		dir := folder(t, "olist")
		remove(t, dir, olistPayments)
		wantRefused(t, dir, "read "+olistPayments)
	})
	t.Run("sellers may be missing", func(t *testing.T) {
		t.Parallel()
		db := modelstest.SQLite(t)
		dir := folder(t, "olist")
		remove(t, dir, olistSellers)
		if got := runOlist(t, db, brazil(t, db), dir, Options{}); got.Orders != 12 {
			t.Errorf("orders = %d", got.Orders)
		}
	})
}

func remove(t *testing.T, dir, file string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, file)); err != nil {
		t.Fatal(err)
	}
}

// wantRefused imports a folder that must be refused as a whole.
func wantRefused(t *testing.T, dir, want string) {
	t.Helper()
	db := modelstest.SQLite(t)
	m := brazil(t, db)
	_, err := Olist(t.Context(), db, m, dir, Options{})
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error = %v, want %s", err, want)
	}
	if n := len(list(t, db, m)); n != 0 {
		t.Errorf("%d orders were written", n)
	}
}
