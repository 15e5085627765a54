package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// mailing is a merchant who tells customers everything by mail, with a parcel.
type mailing struct {
	t      *testing.T
	db     *models.DB
	shop   shop
	parcel *models.Shipment
}

func newMailing(t *testing.T, db *models.DB) *mailing {
	t.Helper()
	m := &mailing{t: t, db: db, shop: newShop(t, db)}
	m.set(models.TrackingSettings{Page: true, Mails: models.MailKinds, Language: "en"})
	m.parcel = parcel(t, db, modelstest.Order(t, db, m.shop.ID, 100), carrierAccount(t, db, m.shop.ID), "N1")
	return m
}

func (m *mailing) set(s models.TrackingSettings) {
	m.t.Helper()
	s.MerchantID = m.shop.ID
	modelstest.Write(m.t, m.db, func(tx *models.Tx) error { return tx.PutTrackingSettings(s) })
}

func (m *mailing) move(c models.ShipmentChange) {
	m.t.Helper()
	modelstest.Write(m.t, m.db, func(tx *models.Tx) error {
		s, err := tx.Shipment(models.AllMerchants(), m.parcel.ID)
		if err != nil {
			return err
		}
		return tx.MoveShipment(s, c)
	})
}

// scan stores a scan of the parcel.
func (m *mailing) scan(status string) {
	m.t.Helper()
	modelstest.Write(m.t, m.db, func(tx *models.Tx) error {
		_, err := tx.AddTrackingEvents(m.parcel, []models.TrackingEvent{{DedupeKey: models.NewID("k"), Status: status}}, true)
		return err
	})
}

// kinds are the mails about the parcel with their journey and state, oldest first.
func (m *mailing) kinds() []string {
	m.t.Helper()
	mails, err := m.db.CustomerMails(m.t.Context(), m.parcel.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	var kinds []string
	for _, mail := range slices.Backward(mails) {
		kinds = append(kinds, fmt.Sprintf("%d %s %s", mail.Journey, mail.Status, mail.State))
	}
	return kinds
}

func (m *mailing) jobs() (n int64) {
	m.t.Helper()
	if err := m.db.Reads(m.t.Context()).Raw("SELECT count(*) FROM river_job WHERE kind = 'mail.send'").Scan(&n).Error; err != nil {
		m.t.Fatal(err)
	}
	return n
}

func TestCustomersAreToldOnceOnEachJourney(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		way  []string // statuses, an exception's with its reason behind a slash; one that no scan stands for begins with ~
		want []string
	}{
		{"the whole way", []string{"info_received", "picked_up", "in_transit", "out_for_delivery", "delivered"},
			[]string{"1 shipped queued", "1 out_for_delivery queued", "1 delivered queued"}},
		{"nothing before it moves", []string{"info_received"}, nil},
		{"a second try is not told again", []string{"out_for_delivery", "delivery_failed", "in_transit", "out_for_delivery", "delivery_failed", "delivered"},
			[]string{"1 out_for_delivery queued", "1 delivery_failed queued", "1 delivered queued"}},
		{"the depot is no second setting out", []string{"out_for_delivery", "in_transit"}, []string{"1 out_for_delivery queued"}},
		{"a late scan that changes nothing for good", []string{"delivered", "in_transit", "delivered"},
			[]string{"1 delivered queued"}},
		{"an exception that the customer can do nothing about", []string{"in_transit", "exception/damaged"}, []string{"1 shipped queued"}},
		{"one that waits for the customer", []string{"exception/damaged", "exception/customs_duties", "exception/payment_due"},
			[]string{"1 exception queued"}},
		{"back to the sender", []string{"in_transit", "returning", "returned"}, []string{"1 shipped queued", "1 returned queued"}},
		{"sent out again", []string{"in_transit", "returning", "in_transit", "delivered"},
			[]string{"1 shipped queued", "2 shipped queued", "2 delivered queued"}},
		{"a return that was taken back", []string{"in_transit", "~returning", "in_transit", "delivered"},
			[]string{"1 shipped queued", "1 delivered queued"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				m := newMailing(t, db)
				for _, status := range test.way {
					status, taken := strings.CutPrefix(status, "~")
					if !taken {
						m.scan(status)
					}
					c := models.ShipmentChange{Cause: "poll", Status: status}
					if s, reason, ok := cutReason(status); ok {
						c.Status, c.StatusReason = s, reason
					}
					m.move(c)
				}
				if diff := cmp.Diff(test.want, m.kinds()); diff != "" {
					t.Errorf("mails (-want +got):\n%s", diff)
				}
				if jobs := m.jobs(); jobs != int64(len(test.want)) {
					t.Errorf("%d jobs for %d mails", jobs, len(test.want))
				}
			})
		})
	}
}

func cutReason(status string) (string, string, bool) {
	for i := range status {
		if status[i] == '/' {
			return status[:i], status[i+1:], true
		}
	}
	return status, "", false
}

// Two that find the same change at the same moment, as a poll and a webhook do,
// queue one mail with one job.
func TestOneMailForNewsThatComeTwice(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		together(t, 8, func(int) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				if err := tx.LockShipments([]string{m.parcel.ID}); err != nil {
					return err
				}
				return moveParcel(tx, m.parcel.ID, models.ShipmentDelivered)
			})
		})
		if diff := cmp.Diff([]string{"1 delivered queued"}, m.kinds()); diff != "" || m.jobs() != 1 {
			t.Errorf("%d jobs, mails (-want +got):\n%s", m.jobs(), diff)
		}
	})
}

func TestWhatCustomersAreNotTold(t *testing.T) {
	t.Parallel()
	all := models.TrackingSettings{Page: true, Mails: models.MailKinds}
	tests := []struct {
		name  string
		setUp func(m *mailing)
		cause string
	}{
		{name: "what the merchant has off", setUp: func(m *mailing) { m.set(models.TrackingSettings{Page: true, Mails: []string{models.MailReturned}}) }},
		{name: "what is corrected by recomputing", cause: models.CauseRecompute},
		{name: "history", setUp: func(m *mailing) {
			execute(m.t, m.db, "INSERT INTO tracking_events (id, merchant_id, shipment_id, dedupe_key, sort_at, status, received_at) VALUES ('trk_1', ?, ?, 'k', ?, 'delivered', ?)",
				m.shop.ID, m.parcel.ID, m.db.Now().Add(-4*24*time.Hour), m.db.Now())
		}},
		{name: "a return, which the customer sends", setUp: func(m *mailing) {
			execute(m.t, m.db, "UPDATE shipments SET direction = 'return' WHERE id = ?", m.parcel.ID)
		}},
		{name: "an order without an address", setUp: func(m *mailing) {
			execute(m.t, m.db, "UPDATE orders SET customer_email = '' WHERE id = ?", m.parcel.OrderID)
		}},
		{name: "an order with nonsense for one", setUp: func(m *mailing) {
			execute(m.t, m.db, "UPDATE orders SET customer_email = 'a@b.example, c@d.example' WHERE id = ?", m.parcel.OrderID)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				m := newMailing(t, db)
				m.set(all)
				if test.setUp != nil {
					test.setUp(m)
				}
				m.move(models.ShipmentChange{Cause: test.cause, Status: models.ShipmentDelivered})
				if got := m.kinds(); got != nil {
					t.Errorf("mails %v", got)
				}
			})
		})
	}
}

func TestNobodyIsToldByDefault(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, err := db.TrackingSettings(t.Context(), modelstest.Merchant(t, db).ID)
		if err != nil || !s.Page || len(s.Mails) != 0 {
			t.Errorf("settings %+v, %v, want the page and no mails", s, err)
		}
	})
}

func TestOptOut(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		for range 2 {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				return tx.OptOut(shop.ID, models.AddressHash(shop.ID, " Grace@Example.com"))
			})
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			for _, want := range []struct {
				merchant, address string
				out               bool
			}{{shop.ID, "grace@example.com", true}, {shop.ID, "alan@example.com", false}, {other.ID, "grace@example.com", false}} {
				if out, err := tx.OptedOut(want.merchant, want.address); err != nil || out != want.out {
					t.Errorf("%s wants none: %v, %v, want %v", want.address, out, err, want.out)
				}
			}
			return nil
		})
	})
}

func TestAddressesAreForgotten(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		m.move(models.ShipmentChange{Status: models.ShipmentDelivered})
		clock, later := db.Now, time.Duration(0)
		db.Now = func() time.Time { return clock().Add(later) }
		mails := func(days int) []models.CustomerMail {
			later = time.Duration(days) * 24 * time.Hour
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.Prune(10)
				return err
			})
			found, err := db.CustomerMails(t.Context(), m.parcel.ID)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if found := mails(29); len(found) != 1 || found[0].Recipient != "grace@example.com" {
			t.Errorf("after 29 days: %+v", found)
		}
		if found := mails(31); len(found) != 1 || found[0].Recipient != "" {
			t.Errorf("after 31 days: %+v", found)
		}
		if found := mails(366); len(found) != 0 {
			t.Errorf("after a year: %+v", found)
		}
	})
}

func TestTrackingSettingsAreChecked(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := modelstest.Merchant(t, db)
		for field, s := range map[string]models.TrackingSettings{
			"mails":           {Mails: []string{"weather"}},
			"sender_name":     {SenderName: "Shop\r\nBcc: everybody@example.com"},
			"reply_to":        {ReplyTo: "shop@example.com\r\nBcc: x@example.com"},
			"support_address": {SupportAddress: "javascript:alert(1)"},
			"":                {SenderName: "Kedai \"Kopi\" 茶", ReplyTo: "kopi@kedai.example", SupportAddress: "https://kedai.example/help", Mails: []string{models.MailShipped}},
		} {
			s.MerchantID = shop.ID
			err := db.Write(t.Context(), func(tx *models.Tx) error { return tx.PutTrackingSettings(s) })
			refused, _ := errors.AsType[*models.Error](err)
			if (refused == nil) != (field == "") || refused != nil && refused.Field != field {
				t.Errorf("%+v: %v, want a refusal of %q", s, err, field)
			}
		}
	})
}
