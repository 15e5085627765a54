package models_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Grace O'Neil":           {"grace", "o", "neil"},
		"MÜLLER, José":           {"muller", "jose"},
		"grace@Example.com":      {"grace@example.com"},
		"#1001":                  {"1001"},
		"１２３Ａ":                   {"123a"},
		"王小明":                    {"王小明"},
		"王小明 (Ming)":             {"王小明", "ming"},
		"VIP王小明2号":               {"vip", "王小明", "2", "号"},
		"김철수":                    {"김철수"},
		"สมชาย ใจดี":             {"สมชาย", "ใจดี"},
		"a\x00b\xffc":            {"a", "b", "c"},
		"  \t ":                  nil,
		`"';()<>`:                nil,
		"<script>alert</script>": {"script", "alert", "script"},
	} {
		if got := models.Words(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"王小明":          {"王小明", "小明", "明"},
		"ORD-2026/001": {"ord-2026/001", "2026/001", "001"},
		"grace":        {"grace"},
		"a-":           {"a"},
	} {
		if got := models.Terms(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, other := newShop(t, db), newShop(t, db)
		account := carrierAccount(t, db, s.ID)
		orders := map[string]*models.Order{}
		add := func(merchantID, number, customer, email, postal string) {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				orders[number], err = tx.CreateOrder(models.Order{
					MerchantID: merchantID, Number: number, Currency: "EUR", Amount: 100, CustomerName: customer,
					CustomerEmail: email, ShippingAddress: models.Address{PostalCode: postal}, PlacedAt: tx.Now(),
				}, nil)
				return err
			})
		}
		add(s.ID, "W-1", "王小明", "ming@example.com", "100000")
		add(s.ID, "W-2", "Grace Müller", "grace@example.com", "10115")
		add(s.ID, "W-3", "Gracia \U0010FFFF", "g@example.com", "SW1A 1AA")
		add(other.ID, "W-4", "Grace Hopper", "hopper@example.com", "10115")
		p, _ := modelstest.Payment(t, db, orders["W-2"], s.gateway)
		sh := parcel(t, db, orders["W-1"], account, "1Z999AA10123456784")
		for _, tt := range []struct {
			question string
			want     []string
		}{
			{"王", []string{"W-1"}}, {"小明", []string{"W-1"}}, {"明", []string{"W-1"}}, {"小王", nil},
			{"grac", []string{"W-3", "W-2"}}, {"GRACE", []string{"W-2"}}, {"grace muller", []string{"W-2"}},
			{"muller grace", []string{"W-2"}}, {"grace hopper", nil}, {"race", nil},
			{"1011", []string{"W-2"}}, {"sw1a", []string{"W-3"}}, {"gracia \U0010FFFF", []string{"W-3"}},
			{"w-2", []string{"W-2"}}, {"1z999aa1", []string{"W-1"}},
			{orders["W-2"].ID, []string{"W-2"}}, {p.ID, []string{"W-2"}}, {sh.ID, []string{"W-1"}},
			{"", []string{"W-3", "W-2", "W-1"}}, {"#", nil}, {"g", nil}, {"%", nil}, {"grac%", nil}, {"grac_", nil},
			{"\x00\xff", nil},
		} {
			found, _, err := db.Orders(t.Context(), s.scope, models.OrderFilter{Search: tt.question}, models.Page{})
			var numbers []string
			for _, o := range found {
				numbers = append(numbers, o.Number)
			}
			if err != nil || !slices.Equal(numbers, tt.want) {
				t.Errorf("%q finds %q, %v, want %q", tt.question, numbers, err, tt.want)
			}
		}
		for _, question := range []string{"grace", p.ID, orders["W-2"].ID} {
			if found, _, err := db.Payments(t.Context(), s.scope, models.PaymentFilter{Search: question}, models.Page{}); err != nil || len(found) != 1 {
				t.Errorf("%q finds %d payments, %v", question, len(found), err)
			}
		}
		for _, question := range []string{"小明", sh.ID, "1Z999AA10123456784"} {
			if found, _, err := db.Shipments(t.Context(), s.scope, models.ShipmentFilter{Search: question}, models.Page{}); err != nil || len(found) != 1 {
				t.Errorf("%q finds %d parcels, %v", question, len(found), err)
			}
		}
		parcel(t, db, orders["W-1"], account, "1Z5R89390357567127") // the order has two
		parcel(t, db, orders["W-2"], account, "1LS71190-1")
		for question, want := range map[string]int{
			"1Z5R89390357567127": 1, "1z 5r8 939 0357567127": 1, "1Z-5R8-939-0357567127": 1, "１Ｚ５Ｒ８９３９０３５７５６７１２７": 1,
			"1LS71190-1": 1, "1ls7 1190-1": 1, "1Z5R8939": 2, "w-1": 2, "1Z 5R8 939": 0, "10115 grace": 1, "9\x00\xff9999": 0,
		} {
			if found, _, err := db.Shipments(t.Context(), s.scope, models.ShipmentFilter{Search: question}, models.Page{}); err != nil || len(found) != want {
				t.Errorf("%q finds %d parcels, %v, want %d", question, len(found), err, want)
			}
			if found, _, err := db.Shipments(t.Context(), other.scope, models.ShipmentFilter{Search: question}, models.Page{}); err != nil || len(found) != 0 {
				t.Errorf("%q finds %d parcels of somebody else, %v", question, len(found), err)
			}
		}
		if found, _, err := db.Orders(t.Context(), models.AllMerchants(), models.OrderFilter{Search: "grace"}, models.Page{}); err != nil || len(found) != 2 {
			t.Errorf("support finds %d, %v", len(found), err)
		}
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		var want []string
		for range 7 {
			want = append(want, modelstest.Order(t, db, s.ID, 100).ID)
		}
		slices.Reverse(want)
		for limit := 1; limit <= 8; limit++ {
			var got []string
			for cursor, pages := "", 0; ; pages++ {
				rows, next, err := db.Orders(t.Context(), s.scope, models.OrderFilter{}, models.Page{Limit: limit, Cursor: cursor})
				if err != nil || len(rows) > limit || pages > 7 {
					t.Fatalf("limit %d: page %d of %d rows, %v", limit, pages, len(rows), err)
				}
				for _, o := range rows {
					got = append(got, o.ID)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %v, want %v", limit, got, want)
			}
		}
		for _, cursor := range []string{"x", "ord_", "\x00", want[0] + "0", "ORD_" + want[0][4:], models.NewID(models.PrefixPayment), "' OR 1=1 --"} {
			_, _, err := db.Orders(t.Context(), s.scope, models.OrderFilter{}, models.Page{Cursor: cursor})
			if fmt.Sprint(err) != "cursor: bad_cursor" {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
	})
}
