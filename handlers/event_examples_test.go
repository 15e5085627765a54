package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// storyteller lets things happen in a shop, a minute apart.
type storyteller struct {
	*client

	clock atomic.Int64 // microseconds since 1970; the program looks at it meanwhile
}

func (s *storyteller) write(fn func(tx *models.Tx) error) {
	s.t.Helper()
	s.clock.Add(time.Minute.Microseconds())
	modelstest.Write(s.t, s.site.db, fn)
}

// bought makes an order with a payment of it.
func (s *storyteller) bought(number string) (order, payment string) {
	s.t.Helper()
	s.clock.Add(time.Minute.Microseconds())
	order = s.post("/api/v1/orders", fmt.Sprintf(`{"number":%q,"currency":"EUR","amount":4990,
		"items":[{"sku":"TEA-1","name":"Darjeeling, 250 g","quantity":2,"amount":4990}],
		"customer":{"name":"Grace O'Neil","email":"grace@example.com"},
		"shipping_address":{"name":"Grace O'Neil","line1":"Lindenstraße 4","city":"Berlin","postal_code":"10969","country":"DE"},
		"promised_at":"2026-01-20T18:00:00Z","metadata":{"channel":"web"}}`, number)).want(s.t, http.StatusCreated).id(s.t)
	return order, s.payment(order, 4990)
}

func (s *storyteller) now() time.Time { return time.UnixMicro(s.clock.Load()).UTC() }

// pay brings a new payment to a status.
func (s *storyteller) pay(number string, to models.PaymentStatus, attempt models.AttemptStatus, change models.PaymentChange) string {
	s.t.Helper()
	_, payment := s.bought(number)
	s.clock.Add(time.Minute.Microseconds())
	s.move(payment, to, attempt, change)
	return payment
}

// on brings a payment to a further status.
func (s *storyteller) on(payment string, to models.PaymentStatus) {
	s.t.Helper()
	s.write(func(tx *models.Tx) error {
		_, err := tx.MovePayment(payment, to, models.PaymentChange{})
		return err
	})
}

// payments makes an event of each type about payments, refunds and disputes.
func (s *storyteller) payments() {
	s.t.Helper()
	paid := s.pay("1001", models.PaymentPaid, models.AttemptSucceeded, models.PaymentChange{Captured: 4990})
	s.on(s.pay("1002", models.PaymentAuthorized, models.AttemptAuthorized, models.PaymentChange{}), models.PaymentVoided)
	s.pay("1003", models.PaymentFailed, models.AttemptDeclined, models.PaymentChange{
		Failure: models.Failure{Code: "insufficient_funds", Class: "later", Message: "The card has insufficient funds."},
	})
	until := s.now().Add(time.Hour)
	s.on(s.pay("1004", models.PaymentRequiresAction, models.AttemptRequiresAction, models.PaymentChange{
		NextAction: models.NextAction{Type: "redirect", URL: "https://bank.example.com/confirm/1004", ExpiresAt: until},
	}), models.PaymentExpired)
	s.on(s.pay("1005", models.PaymentUnknown, models.AttemptUnknown, models.PaymentChange{}), models.PaymentNeedsReview)
	_, canceled := s.bought("1006")
	s.on(canceled, models.PaymentCanceled)
	order, unpaid := s.bought("1007")
	s.on(unpaid, models.PaymentCanceled)
	s.post("/api/v1/orders/"+order+"/cancel", "").want(s.t, http.StatusOK)

	for _, end := range []struct {
		to     models.RefundStatus
		change models.RefundChange
	}{
		{models.RefundSucceeded, models.RefundChange{ProviderReference: "re_3Q9d2eL"}},
		{models.RefundFailed, models.RefundChange{Code: "account_closed", Class: "fix_data", Message: "The customer's account was closed."}},
	} {
		id := s.refund(paid, 1500).want(s.t, http.StatusAccepted).id(s.t)
		s.write(func(tx *models.Tx) error {
			for _, to := range []models.RefundStatus{models.RefundSending, end.to} {
				if _, moved, err := tx.MoveRefund(id, to, end.change); err != nil || !moved {
					return fmt.Errorf("refund to %s: %t, %w", to, moved, err)
				}
			}
			return nil
		})
	}
	p, err := s.site.db.Payment(s.t.Context(), models.AllMerchants(), paid)
	if err != nil {
		s.t.Fatal(err)
	}
	answer := s.now().Add(7 * 24 * time.Hour)
	for _, status := range []models.DisputeStatus{models.DisputeNeedsResponse, models.DisputeWon} {
		s.write(func(tx *models.Tx) error {
			_, _, err := tx.PutDispute(p, models.Dispute{
				GatewayAccountID: *p.GatewayAccountID, ProviderReference: "dp_3Q9d2eL", Status: status, Amount: 4990, Currency: "EUR",
				Reason: "product_not_received", MoneyMoved: true, RespondBy: &answer,
			})
			return err
		})
	}
}

// parcels makes an event of each type about parcels.
func (s *storyteller) parcels() {
	s.t.Helper()
	s.carrier()
	order, _ := s.bought("1008")
	id := s.post("/api/v1/shipments", shipmentBody(order, "SB0001")).want(s.t, http.StatusCreated).id(s.t)
	for _, step := range []models.ShipmentChange{
		{Status: models.ShipmentInTransit}, {Status: models.ShipmentInTransit, Late: true}, {Status: models.ShipmentException, Late: true, StatusReason: "address_problem"},
		{Status: models.ShipmentOutForDelivery, Late: true}, {Status: models.ShipmentDelivered, Late: true},
	} {
		s.write(func(tx *models.Tx) error {
			sh, err := tx.Shipment(models.AllMerchants(), id)
			if err != nil {
				return err
			}
			change := sh.Unchanged()
			change.Cause, change.Status, change.StatusReason, change.Late = "poll", step.Status, step.StatusReason, step.Late
			if step.Status == models.ShipmentDelivered {
				change.DeliveredAt = new(tx.Now())
			}
			return tx.MoveShipment(sh, change)
		})
	}
}

// examplesOfEvents are the newest body of each type of event, with ids that are
// the same in every run.
func examplesOfEvents(t *testing.T, db *models.DB) []byte {
	t.Helper()
	s := &storyteller{}
	s.clock.Store(time.Date(2026, 1, 15, 9, 30, 0, 0, time.UTC).UnixMicro())
	db.Now = s.now
	db.PublicURL = "https://parcels.example.com"
	s.client = newSite(t, db).newClient(t)
	s.payments()
	s.parcels()
	e, _ := s.site.endpoint(t, s.merchant.ID, "https://shop.example.com/webhooks")
	s.write(func(tx *models.Tx) error {
		_, _, err := tx.PingEndpoint(models.AllMerchants(), e.ID)
		return err
	})
	s.write(func(tx *models.Tx) error { return tx.DisableEndpoint(e, models.EndpointGone) })
	var text bytes.Buffer
	text.WriteString("{")
	for i, eventType := range models.EventTypes {
		found, _, err := db.Events(t.Context(), models.AllMerchants(), eventType, models.Span{}, models.Page{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Errorf("no event %s happens here: let it happen, so that it has an example", eventType)
			continue
		}
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, "%q:%s", eventType, found[0].Body)
	}
	text.WriteString("}")
	ids := map[string]string{}
	body := objectIDs.ReplaceAllFunc(text.Bytes(), func(id []byte) []byte {
		if ids[string(id)] == "" {
			ids[string(id)] = string(id[:4]) + fmt.Sprintf("06fkqmgyt1x1w9d6v6sxnhsq%02d", len(ids))
		}
		return []byte(ids[string(id)])
	})
	body = publicPages.ReplaceAll(body, []byte("/t/0h2k4m6p8r0t2v4x6z8b0d2f4h6k8m0p"))
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteString("\n")
	return pretty.Bytes()
}

// The examples that people read are what the code sends: each type has one, and
// a field that is added or renamed must be seen in it.
func TestEventExamples(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		made := examplesOfEvents(t, db)
		if *update {
			if err := os.WriteFile("event_examples.json", made, 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(string(eventExamplesFile), string(made)); diff != "" {
			t.Errorf("event_examples.json is not what is sent; go test ./handlers -run TestEventExamples -update writes it anew (-file +sent):\n%s", diff)
		}
	})
}
