package models_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// What is stored comes back alike from both databases, whatever it is.
func TestTextsAndTimesAreStoredAlike(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		placed := time.Date(2026, 3, 29, 2, 30, 0, 123_456_789, time.FixedZone("", 5*60*60+45*60))
		promised := placed.Add(time.Nanosecond)
		var id string
		modelstest.Write(t, db, func(tx *models.Tx) error {
			o, err := tx.CreateOrder(models.Order{
				MerchantID: s.ID, Number: "a\x00b", Currency: "EUR", Amount: models.MaxAmount, CustomerName: "\xff\xfe 王 \u202e 🎁 '\"\\",
				Metadata:        map[string]string{"nul\x00": "\x00", "bad": "\xff", "text": `\u0000`},
				ShippingAddress: models.Address{City: "\x00\xff"}, PlacedAt: placed, PromisedAt: &promised,
			}, nil)
			if err == nil {
				id = o.ID
			}
			return err
		})
		o := load[models.Order](t, db, id)
		at := time.Date(2026, 3, 28, 20, 45, 0, 123_456_000, time.UTC)
		got := []any{o.Number, o.CustomerName, o.Metadata, o.ShippingAddress.City, o.PlacedAt, o.PlacedAt.Location(), *o.PromisedAt, o.CreatedAt.Location()}
		want := []any{
			"a\uFFFDb", "\uFFFD 王 \u202e 🎁 '\"\\", map[string]string{"nul\x00": "\x00", "bad": "\uFFFD", "text": `\u0000`},
			"\x00\uFFFD", at, time.UTC, at, time.UTC,
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
			t.Errorf("stored otherwise (-want +got):\n%s", diff)
		}
		if _, err := db.Order(t.Context(), s.scope, "ord_\x00\xff"); err == nil || err.Error() != "not_found" {
			t.Errorf("an id that is none: %v", err)
		}
		if rows, _, err := db.Orders(t.Context(), s.scope, models.OrderFilter{Number: "a\x00b"}, models.Page{}); err != nil || len(rows) != 1 {
			t.Errorf("found %d, %v", len(rows), err)
		}
	})
}

// Times that differ in the last place compare as times do, not as texts.
func TestTimesCompareToTheMicrosecond(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		second := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		times := []time.Time{second, second.Add(time.Microsecond), second.Add(100 * time.Millisecond), second.Add(999_999 * time.Microsecond), second.Add(time.Second)}
		for i, due := range times {
			execute(t, db, "UPDATE shipments SET next_poll_at = ? WHERE id = ?", due.In(time.FixedZone("", -9*60*60)), sh.ID)
			for j, now := range times {
				db.Now = func() time.Time { return now }
				ids, err := db.DueShipments(t.Context(), models.Due{AccountID: *sh.CarrierAccountID, By: db.Now()}, 10)
				if err != nil || (len(ids) == 1) != (j >= i) {
					t.Errorf("due %v at %v: %v, %v", due, now, ids, err)
				}
			}
		}
	})
}

func TestAmountsAreBounded(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	order := func(amount int64, items ...models.OrderItem) error {
		return db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := tx.CreateOrder(models.Order{
				MerchantID: s.ID, Number: models.NewID("n"), Currency: "EUR", Amount: amount, PlacedAt: tx.Now(),
			}, items)
			return err
		})
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"free", order(0), ""},
		{"largest", order(models.MaxAmount), ""},
		{"too large", order(models.MaxAmount + 1), "amount: too_large"},
		{"overflow", order(1<<63 - 1), "amount: too_large"},
		{"negative", order(-1), "amount: must_not_be_negative"},
		{"no piece", order(1, models.OrderItem{Name: "Tea", Quantity: 0}), "items[0].quantity: must_be_positive"},
		{"too many pieces", order(1, models.OrderItem{Name: "Tea", Quantity: 1}, models.OrderItem{Name: "Tea", Quantity: 1 << 62}), "items[1].quantity: too_large"},
		{"negative line", order(1, models.OrderItem{Name: "Tea", Quantity: 1, Amount: -1}), "items[0].amount: must_not_be_negative"},
	} {
		if tt.err != nil {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		} else if tt.want != "" {
			t.Errorf("%s was accepted", tt.name)
		}
	}
	for _, tt := range []struct {
		amount   int64
		currency string
		merchant string
		want     string
	}{
		{0, "EUR", s.ID, "amount: must_be_positive"}, {-1, "EUR", s.ID, "amount: must_be_positive"},
		{1<<63 - 1, "EUR", s.ID, "amount: too_large"}, {101, "EUR", s.ID, "amount: amount_exceeds_due"},
		{1, "USD", s.ID, "currency: currency_mismatch"}, {1, "EUR", modelstest.Merchant(t, db).ID, "order_id: unknown_order"},
	} {
		o := modelstest.Order(t, db, s.ID, 100)
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := tx.CreatePayment(models.Payment{MerchantID: tt.merchant, OrderID: o.ID, Amount: tt.amount, Currency: tt.currency, Capture: models.CaptureAutomatic})
			return err
		})
		if err == nil || err.Error() != tt.want {
			t.Errorf("a payment of %d %s: %v, want %s", tt.amount, tt.currency, err, tt.want)
		}
	}
}

// An order with more lines than one statement has parameters.
func TestOrderOfManyLines(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		lines := make([]models.OrderItem, 6_000)
		for i := range lines {
			lines[i] = models.OrderItem{Name: "Tea", Quantity: 1, Amount: 1}
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.CreateOrder(models.Order{MerchantID: s.ID, Number: "N", Currency: "EUR", Amount: 6_000, PlacedAt: tx.Now()}, lines)
			return err
		})
		if n := count(t, db, "order_items"); n != 6_000 {
			t.Errorf("%d lines are stored", n)
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	var (
		mu  sync.Mutex
		all = map[string]bool{}
		wg  sync.WaitGroup
	)
	for range 4 {
		wg.Go(func() {
			ids := make([]string, 5000)
			for i := range ids {
				ids[i] = models.NewID(models.PrefixPayment)
			}
			if !slices.IsSorted(ids) {
				t.Error("ids do not sort in the order in which they were made")
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range ids {
				all[id] = true
			}
		})
	}
	wg.Wait()
	if len(all) != 20_000 {
		t.Errorf("%d different ids of 20000", len(all))
	}
	id := models.NewID(models.PrefixPayment)
	for _, s := range []string{id, models.NewIDAt(models.PrefixPayment, time.Unix(0, 0)), models.NewIDAt(models.PrefixPayment, time.Time{})} {
		if !models.IsID(models.PrefixPayment, s) {
			t.Errorf("%s is no id", s)
		}
	}
	for _, s := range []string{"", "pay_", id[4:], strings.ToUpper(id), id + "0", id[:len(id)-1], "ord" + id[3:], id[:20] + "ilou__", id[:len(id)-1] + "\x00"} {
		if models.IsID(models.PrefixPayment, s) {
			t.Errorf("%q passes for an id", s)
		}
	}
	before, after := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2017, 1, 1, 0, 0, 0, int(time.Millisecond), time.UTC)
	if models.NewIDAt("x", before) >= models.NewIDAt("x", after) || models.NewIDAt("x", after) >= models.NewID("x") {
		t.Error("ids made for a time do not sort by it")
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		day := func(d int) time.Time { return time.Date(2017, 11, d, 0, 0, 0, 0, time.UTC) }
		for d := 1; d <= 4; d++ {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.CreateOrder(models.Order{
					MerchantID: s.ID, Number: day(d).Format(time.DateOnly), Currency: "EUR", PlacedAt: day(d), CreatedAt: day(d),
				}, nil)
				return err
			})
		}
		for _, tt := range []struct {
			span models.Span
			want int
		}{
			{models.Span{}, 4}, {models.Span{From: day(2)}, 3}, {models.Span{To: day(2)}, 1}, {models.Span{From: day(2), To: day(4)}, 2},
			{models.Span{From: day(2).Add(time.Millisecond)}, 2}, {models.Span{From: day(3), To: day(2)}, 0},
		} {
			rows, _, err := db.Orders(t.Context(), s.scope, models.OrderFilter{Created: tt.span}, models.Page{})
			if err != nil || len(rows) != tt.want {
				t.Errorf("%+v: %d orders, %v, want %d", tt.span, len(rows), err, tt.want)
			}
		}
	})
}
