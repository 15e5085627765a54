package models_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// world is a merchant with one of everything.
type world struct {
	shop

	order    *models.Order
	free     *models.Order // nothing holds it
	payment  *models.Payment
	shipment *models.Shipment
	carrier  string
	endpoint *models.Endpoint
	spare    *models.Endpoint // to be deleted
	delivery string
	event    models.Event
	key      *models.APIKey
	paid     *models.Payment
	refund   *models.Refund
	inbound  string
	file     string // a provider's account of what it settled
}

// settle gives the world a payment that is paid, partly refunded and disputed,
// and news of it.
func (w *world) settle(t testing.TB, db *models.DB) {
	t.Helper()
	order := modelstest.Order(t, db, w.ID, 1000)
	var attempt *models.Attempt
	w.paid, attempt = modelstest.Payment(t, db, order, w.gateway)
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		for _, to := range []models.AttemptStatus{models.AttemptSending, models.AttemptSucceeded} {
			if _, err := tx.MoveAttempt(attempt.ID, to, models.AttemptChange{}); err != nil {
				return err
			}
		}
		if _, err := tx.MovePayment(w.paid.ID, models.PaymentProcessing, models.PaymentChange{}); err != nil {
			return err
		}
		if w.paid, err = tx.MovePayment(w.paid.ID, models.PaymentPaid, models.PaymentChange{Captured: 1000}); err != nil {
			return err
		}
		if w.refund, err = tx.CreateRefund(w.paid, models.Refund{Amount: 100, Reason: "broken", Cause: models.CauseAPI}); err != nil {
			return err
		}
		if _, _, err = tx.PutDispute(w.paid, models.Dispute{
			GatewayAccountID: w.gateway, ProviderReference: "dp_" + w.ID, Status: models.DisputeInquiry, Amount: 1000, Currency: "EUR",
		}); err != nil {
			return err
		}
		_, err = tx.ReceiveInbound([]models.InboundEvent{{
			MerchantID: w.ID, GatewayAccountID: w.gateway, EventID: "evt_1", Type: "charge.succeeded", Subject: "charge", Body: "{}",
		}})
		return err
	})
	events, _, err := db.InboundEvents(t.Context(), w.scope, models.InboundFilter{}, models.Page{})
	if err != nil || len(events) != 1 {
		t.Fatalf("inbound events: %v, %v", events, err)
	}
	w.inbound = events[0].ID
	modelstest.Write(t, db, func(tx *models.Tx) error {
		f, err := tx.OpenSettlement(models.SettlementFile{
			MerchantID: w.ID, GatewayAccountID: w.gateway, Name: "november.csv", Format: "csv", Digest: w.ID,
		})
		if err != nil {
			return err
		}
		w.file = f.ID
		return tx.FinishSettlement(&models.FinishedSettlement{File: *f})
	})
}

func newWorld(t testing.TB, db *models.DB) *world {
	t.Helper()
	w := &world{shop: newShop(t, db)}
	w.endpoint, w.spare = newEndpoint(t, db, w.ID), newEndpoint(t, db, w.ID, models.EventShipmentLate)
	w.carrier = carrierAccount(t, db, w.ID)
	w.order, w.free = modelstest.Order(t, db, w.ID, 1000), modelstest.Order(t, db, w.ID, 1000)
	w.payment, _ = modelstest.Payment(t, db, w.order, w.gateway)
	w.shipment = parcel(t, db, w.order, w.carrier, "N1")
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		if _, err = tx.MovePayment(w.payment.ID, models.PaymentFailed, models.PaymentChange{}); err != nil {
			return err
		}
		if err := moveParcel(tx, w.shipment.ID, models.ShipmentException); err != nil {
			return err
		}
		if w.key, _, err = tx.CreateAPIKey(w.ID, "shop", nil); err != nil {
			return err
		}
		return tx.Audit(modelstest.Actor(), models.AuditEntry{MerchantID: &w.ID, Action: "made"})
	})
	if err := db.Reads(t.Context()).Where("merchant_id = ?", w.ID).Order("id").First(&w.event).Error; err != nil {
		t.Fatal(err)
	}
	w.settle(t, db)
	w.delivery = newDelivery(t, db, w.endpoint)
	execute(t, db, "UPDATE deliveries SET status = 'exhausted' WHERE merchant_id = ?", w.ID)
	return w
}

// scoped calls every method that takes a Scope, for the world's own rows.
func (w *world) scoped(ctx context.Context, db *models.DB) map[string]func(s models.Scope) (any, error) {
	first := models.Page{}
	write := func(fn func(tx *models.Tx, s models.Scope) (any, error)) func(s models.Scope) (any, error) {
		return func(s models.Scope) (out any, err error) {
			err = db.Write(ctx, func(tx *models.Tx) (err error) {
				out, err = fn(tx, s)
				return err
			})
			return out, err
		}
	}
	reads := map[string]func(s models.Scope) (any, error){
		"DB.GatewayAccounts": func(s models.Scope) (any, error) { return db.GatewayAccounts(ctx, s) },
		"DB.CarrierAccounts": func(s models.Scope) (any, error) { return db.CarrierAccounts(ctx, s) },
		"DB.GatewayAccount":  func(s models.Scope) (any, error) { return db.GatewayAccount(ctx, s, w.gateway) },
		"DB.CarrierAccount":  func(s models.Scope) (any, error) { return db.CarrierAccount(ctx, s, w.carrier) },
		"DB.APIKeys":         func(s models.Scope) (any, error) { return list(db.APIKeys(ctx, s, first)) },
		"DB.APIKey":          func(s models.Scope) (any, error) { return db.APIKey(ctx, s, w.key.ID) },
		"DB.Attention":       func(s models.Scope) (any, error) { return db.Attention(ctx, s) },
		"DB.AttentionPayments": func(s models.Scope) (any, error) {
			return db.AttentionPayments(ctx, s, 10)
		},
		"DB.AttentionShipments": func(s models.Scope) (any, error) { return db.AttentionShipments(ctx, s, 10) },
		"DB.OrdersByID":         func(s models.Scope) (any, error) { return db.OrdersByID(ctx, s, []string{w.order.ID}) },
		"DB.StatDays": func(s models.Scope) (any, error) {
			day, _, err := db.StatDays(ctx, s)
			return day, err
		},
		"DB.AuditEntries": func(s models.Scope) (any, error) {
			return list(db.AuditEntries(ctx, s, models.AuditFilter{}, first))
		},
		"DB.Delivery": func(s models.Scope) (any, error) { return db.Delivery(ctx, s, w.delivery) },
		"DB.Deliveries": func(s models.Scope) (any, error) {
			return list(db.Deliveries(ctx, s, models.DeliveryFilter{}, first))
		},
		"DB.Endpoint":  func(s models.Scope) (any, error) { return db.Endpoint(ctx, s, w.endpoint.ID) },
		"DB.Endpoints": func(s models.Scope) (any, error) { return list(db.Endpoints(ctx, s, first)) },
		"DB.EndpointsByID": func(s models.Scope) (any, error) {
			return db.EndpointsByID(ctx, s, []string{w.endpoint.ID})
		},
		"DB.Event":        func(s models.Scope) (any, error) { return db.Event(ctx, s, w.event.ID) },
		"DB.Events":       func(s models.Scope) (any, error) { return list(db.Events(ctx, s, "", models.Span{}, first)) },
		"DB.OrderEvents":  func(s models.Scope) (any, error) { return db.OrderEvents(ctx, s, w.order.ID, 10) },
		"DB.ObjectEvents": func(s models.Scope) (any, error) { return db.ObjectEvents(ctx, s, w.order.ID, 10) },
		"DB.KnownOrderNumbers": func(s models.Scope) (any, error) {
			return db.KnownOrderNumbers(ctx, s, []string{w.order.Number})
		},
		"DB.PaymentSums":    func(s models.Scope) (any, error) { return db.PaymentSums(ctx, s, []string{w.order.Number}) },
		"DB.OrderObject":    func(s models.Scope) (any, error) { return db.OrderObject(ctx, s, w.order.ID) },
		"DB.PaymentObject":  func(s models.Scope) (any, error) { return db.PaymentObject(ctx, s, w.payment.ID) },
		"DB.ShipmentObject": func(s models.Scope) (any, error) { return db.ShipmentObject(ctx, s, w.shipment.ID) },
		"DB.Merchant":       func(s models.Scope) (any, error) { return db.Merchant(ctx, s, w.Ref) },
		"DB.Merchants":      func(s models.Scope) (any, error) { return db.Merchants(ctx, s) },
		"DB.Order":          func(s models.Scope) (any, error) { return db.Order(ctx, s, w.order.ID) },
		"DB.Orders":         func(s models.Scope) (any, error) { return list(db.Orders(ctx, s, models.OrderFilter{}, first)) },
		"DB.Payment":        func(s models.Scope) (any, error) { return db.Payment(ctx, s, w.payment.ID) },
		"DB.Payments": func(s models.Scope) (any, error) {
			return list(db.Payments(ctx, s, models.PaymentFilter{}, first))
		},
		"DB.PaymentsByID": func(s models.Scope) (any, error) { return db.PaymentsByID(ctx, s, []string{w.payment.ID}) },
		"DB.Shipment":     func(s models.Scope) (any, error) { return db.Shipment(ctx, s, w.shipment.ID) },
		"DB.Shipments": func(s models.Scope) (any, error) {
			return list(db.Shipments(ctx, s, models.ShipmentFilter{}, first))
		},
		"DB.DeskPayments": func(s models.Scope) (any, error) {
			return list(db.DeskPayments(ctx, s, models.DeskFilter{}, first))
		},
		"DB.Refund":       func(s models.Scope) (any, error) { return db.Refund(ctx, s, w.refund.ID) },
		"DB.RefundObject": func(s models.Scope) (any, error) { return db.RefundObject(ctx, s, w.refund.ID) },
		"DB.Refunds":      func(s models.Scope) (any, error) { return list(db.Refunds(ctx, s, "", first)) },
		"DB.Disputes":     func(s models.Scope) (any, error) { return db.Disputes(ctx, s, w.paid.ID) },
		"DB.OpenDisputes": func(s models.Scope) (any, error) { return db.OpenDisputes(ctx, s, 10) },
		"DB.InboundEvent": func(s models.Scope) (any, error) { return db.InboundEvent(ctx, s, w.inbound) },
		"DB.InboundEvents": func(s models.Scope) (any, error) {
			return list(db.InboundEvents(ctx, s, models.InboundFilter{}, first))
		},
		"DB.SettlementFile":  func(s models.Scope) (any, error) { return db.SettlementFile(ctx, s, w.file) },
		"DB.SettlementFiles": func(s models.Scope) (any, error) { return list(db.SettlementFiles(ctx, s, "", first)) },
		"DB.DailyStats":      func(s models.Scope) (any, error) { return db.DailyStats(ctx, s, "0000", "9999") },
		"DB.ZoneStats":       func(s models.Scope) (any, error) { return db.ZoneStats(ctx, s, "0000", "9999") },
	}
	writes := map[string]func(tx *models.Tx, s models.Scope) (any, error){
		"Tx.RevokeAPIKey":   func(tx *models.Tx, s models.Scope) (any, error) { return true, tx.RevokeAPIKey(s, w.key.ID) },
		"Tx.ReplayDelivery": func(tx *models.Tx, s models.Scope) (any, error) { return tx.ReplayDelivery(s, w.delivery) },
		"Tx.RedeliverEvent": func(tx *models.Tx, s models.Scope) (any, error) {
			return tx.RedeliverEvent(s, w.event.ID, w.endpoint.ID)
		},
		"Tx.UpdateEndpoint": func(tx *models.Tx, s models.Scope) (any, error) {
			return tx.UpdateEndpoint(s, w.endpoint.ID, models.EndpointChange{})
		},
		"Tx.RotateEndpointSecret": func(tx *models.Tx, s models.Scope) (any, error) {
			return tx.RotateEndpointSecret(s, w.endpoint.ID, "sealed", tx.Now())
		},
		"Tx.DeleteEndpoint": func(tx *models.Tx, s models.Scope) (any, error) { return true, tx.DeleteEndpoint(s, w.spare.ID) },
		"Tx.PingEndpoint": func(tx *models.Tx, s models.Scope) (any, error) {
			_, d, err := tx.PingEndpoint(s, w.endpoint.ID)
			return d, err
		},
		"Tx.Endpoint":       func(tx *models.Tx, s models.Scope) (any, error) { return tx.Endpoint(s, w.endpoint.ID) },
		"Tx.CancelOrder":    func(tx *models.Tx, s models.Scope) (any, error) { return true, tx.CancelOrder(s, w.free.ID) },
		"Tx.OrderByRef":     func(tx *models.Tx, s models.Scope) (any, error) { return tx.OrderByRef(s, "", w.order.Number) },
		"Tx.GatewayAccount": func(tx *models.Tx, s models.Scope) (any, error) { return tx.GatewayAccount(s, w.gateway) },
		"Tx.CarrierAccount": func(tx *models.Tx, s models.Scope) (any, error) { return tx.CarrierAccount(s, w.carrier) },
		"Tx.Payment":        func(tx *models.Tx, s models.Scope) (any, error) { return tx.Payment(s, w.payment.ID) },
		"Tx.Refund":         func(tx *models.Tx, s models.Scope) (any, error) { return tx.Refund(s, w.refund.ID) },
		"Tx.ReplayInbound":  func(tx *models.Tx, s models.Scope) (any, error) { return tx.ReplayInbound(s, w.inbound) },
		"Tx.Shipment":       func(tx *models.Tx, s models.Scope) (any, error) { return tx.Shipment(s, w.shipment.ID) },
	}
	for name, fn := range writes {
		reads[name] = write(fn)
	}
	return reads
}

func list[T any](rows []T, _ string, err error) ([]T, error) { return rows, err }

// nothing says that the answer shows no row.
func nothing(out any, err error) bool {
	if errors.Is(err, models.ErrNotFound) {
		return true
	}
	v := reflect.ValueOf(out)
	if v.IsValid() && (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) {
		return err == nil && v.Len() == 0
	}
	return err == nil && (!v.IsValid() || v.IsZero())
}

// Whoever asks with another merchant's scope, or with none, gets nothing and
// changes nothing; every method that takes a scope is asked.
func TestEveryScope(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		mine, foreign := newWorld(t, db), modelstest.Merchant(t, db)
		calls := mine.scoped(t.Context(), db)
		for name, call := range calls {
			for _, s := range []models.Scope{models.MerchantScope(foreign.ID), {}, models.MerchantScope("")} {
				out, err := call(s)
				if name == "DB.Merchants" && s.Merchant() != "" {
					continue // a merchant sees itself; Merchant is asked for the other
				}
				if !nothing(out, err) {
					t.Errorf("%s shows a foreign merchant %+v, %v", name, out, err)
				}
			}
		}
		for name, call := range calls {
			if out, err := call(mine.scope); err != nil || nothing(out, err) {
				t.Errorf("%s shows the merchant nothing of its own: %v", name, err)
			}
		}
		for _, name := range methods(true) {
			if calls[name] == nil {
				t.Errorf("%s takes a Scope and is not tried with a foreign merchant's here", name)
			}
		}
	})
}

// unscoped are the reads outside a transaction without a Scope, with the reason
// why they need none.
var unscoped = map[string]string{
	"APIKeyByText": "finds out whose scope it is", "Session": "finds out whose scope it is",
	"UserByEmail": "finds out whose scope it is", "SessionsAlive": "finds out whose scope it is",
	"User": "for admins and oneself", "Users": "for admins", "UserCounts": "for admins", "UserSessions": "for oneself",
	"Attempts": "of a payment loaded with a scope", "AttemptsOf": "of payments loaded with a scope",
	"OrderItems": "of an order loaded with a scope", "TrackingEvents": "of a parcel loaded with a scope",
	"TrackingEventsOf": "of parcels loaded with a scope", "DeliveriesOf": "of events loaded with a scope",
	"DeliveryAttempts": "of deliveries loaded with a scope", "LastDeliveries": "of endpoints loaded with a scope",
	"DeliveryObjects": "of rows loaded with a scope", "OrderObjects": "of rows loaded with a scope",
	"PaymentObjects": "of rows loaded with a scope", "ShipmentObjects": "of rows loaded with a scope",
	"Attempt": "for background work", "StalledAttempts": "for background work", "StalledDeliveries": "for background work", "DueShipments": "for background work",
	"ShipmentsByID": "for background work", "OverdueShipments": "for background work", "StalledRefunds": "for background work", "StalledInbound": "for background work",
	"ChargeAttempt": "for background work", "TakeGatewayCalls": "for background work", "TripGateway": "for background work",
	"CloseGateway": "for background work", "CountDeclined": "bound to the merchant that it is given", "PaymentRules": "bound to the merchant that it is given",
	"UsersByID":          "for staff and what they did",
	"ProviderCalls":      "of a payment loaded with a scope",
	"SettlementByDigest": "of an account loaded with a scope", "EarlierSettlements": "of an account loaded with a scope",
	"LaterSettlements":  "of an account loaded with a scope",
	"SettledCurrencies": "of an account loaded with a scope",
	"SettlementObjects": "of an account loaded with a scope", "SettledPayments": "of an account loaded with a scope",
	"SettledRefunds": "of an account loaded with a scope", "SettlementSums": "of a file loaded with a scope",
	"SettlementRefusals": "of a file loaded with a scope", "SettlementDifferences": "of a file loaded with a scope",
	"BulkRetry": "for support", "BulkRetries": "for support", "BulkRetryItems": "for support", "BulkRetryEnds": "for support",
	"InBulkRetry": "of payments loaded with a scope", "StalledBulkRetries": "for background work",
	"CountDifferences": "of a file loaded with a scope", "DropSettlement": "of a file that the caller has made or taken over",
	"CheckStats": "for operators", "RebuildStats": "for operators", "Watch": "for operators",
	"Idempotent": "bound to the merchant that it is given", "Write": "the transaction's methods tell",
	"Ping": "no rows", "ServerTime": "no rows", "SQL": "for migrations and River", "Pool": "for migrations and River",
	"Close": "no rows",
	"Reads": "for tests",
}

func TestReadsWithoutAScopeAreKnown(t *testing.T) {
	t.Parallel()
	for _, name := range methods(false) {
		if unscoped[name] == "" {
			t.Errorf("DB.%s takes no Scope: give it one, or say in unscoped why it needs none", name)
		}
	}
}

// methods lists the methods of DB and Tx that take a Scope, or those of DB that do not.
func methods(withScope bool) []string {
	var names []string
	for prefix, of := range map[string]reflect.Type{"DB.": reflect.TypeFor[*models.DB](), "Tx.": reflect.TypeFor[*models.Tx]()} {
		for m := range of.Methods() {
			takes := slices.ContainsFunc(slices.Collect(m.Type.Ins()), func(in reflect.Type) bool {
				return in == reflect.TypeFor[models.Scope]()
			})
			switch {
			case withScope && takes:
				names = append(names, prefix+m.Name)
			case !withScope && !takes && prefix == "DB.":
				names = append(names, m.Name)
			}
		}
	}
	return names
}

func TestScopeNarrow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		scope models.Scope
		to    string
		sees  map[string]bool
	}{
		{"all to one", models.AllMerchants(), "a", map[string]bool{"a": true, "b": false}},
		{"all to all", models.AllMerchants(), "", map[string]bool{"a": true, "b": true}},
		{"one to itself", models.MerchantScope("a"), "a", map[string]bool{"a": true, "b": false}},
		{"one to another", models.MerchantScope("a"), "b", map[string]bool{"a": false, "b": false}},
		{"none to one", models.Scope{}, "a", map[string]bool{"a": false, "": false}},
	} {
		for merchant, want := range tt.sees {
			if got := tt.scope.Narrow(tt.to).Sees(merchant); got != want {
				t.Errorf("%s: sees %q = %v", tt.name, merchant, got)
			}
		}
	}
}
