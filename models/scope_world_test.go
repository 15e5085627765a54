package models_test

import (
	"context"
	"errors"
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
	late     *models.Endpoint // that never got what happened before it
	replay   *models.Replay
	delivery string
	event    models.Event
	key      *models.APIKey
	paid     *models.Payment
	refund   *models.Refund
	inbound  string
	call     string // to its carrier
	file     string // a provider's account of what it settled
	incident string // about its endpoint
	channel  string
	unused   string // channel, to be deleted
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
			MerchantID: w.ID, AccountID: w.gateway, EventID: "evt_1", Type: "charge.succeeded", Subject: "charge", Body: "{}",
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

// alert gives the world an incident and somewhere to tell of it.
func (w *world) alert(t testing.TB, db *models.DB) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		i := models.Incident{Key: "endpoint:" + w.ID, Kind: "endpoint_disabled", Severity: models.SeverityWarning, MerchantID: &w.ID, Shared: true}
		if _, err := tx.OpenIncident(&i); err != nil {
			return err
		}
		w.incident, w.channel, w.unused = i.ID, models.NewID(models.PrefixAlertChannel), models.NewID(models.PrefixAlertChannel)
		for _, id := range []string{w.channel, w.unused} {
			if err := tx.CreateAlertChannel(models.AlertChannel{
				ID: id, MerchantID: &w.ID, Kind: "mail", Name: id, Fields: map[string]string{}, Sealed: map[string]string{},
				Hints: map[string]models.SecretHint{},
			}); err != nil {
				return err
			}
		}
		return nil
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
	calls(t, db, w.ID, w.carrier, db.Now(), models.CallOK, 10)
	made, _, err := db.CarrierCalls(t.Context(), w.scope, models.CarrierCallFilter{AccountID: w.carrier}, models.Page{})
	if err != nil || len(made) != 1 {
		t.Fatalf("calls: %v, %v", made, err)
	}
	w.call = made[0].ID
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
	w.alert(t, db)
	modelstest.FinishDelivery(t, db, modelstest.ClaimDelivery(t, db, newDelivery(t, db, w.endpoint)),
		models.DeliveryAttempt{StartedAt: db.Now()}, models.DeliveryDelivered, nil)
	w.delivery = newDelivery(t, db, w.endpoint)
	execute(t, db, "UPDATE deliveries SET status = 'exhausted' WHERE merchant_id = ?", w.ID)
	w.late = newEndpoint(t, db, w.ID, models.EventShipmentLate)
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		w.replay, err = tx.CreateReplay(w.scope, w.missed(w.endpoint.ID))
		return err
	})
	return w
}

// missed is a replay of the orders that an endpoint missed.
func (w *world) missed(endpoint string) models.Replay {
	return models.Replay{EndpointID: endpoint, Kind: models.ReplayMissed, EventType: models.EventOrderCreated, PerMinute: 60, Reason: "missed"}
}

// turn makes a turn of the world's replay, which goes on first.
func (w *world) turn(
	turn func(tx *models.Tx) func(models.Scope, string) (*models.Replay, error), from string,
) func(tx *models.Tx, s models.Scope) (any, error) {
	return func(tx *models.Tx, s models.Scope) (any, error) {
		if err := tx.Gorm().Exec("UPDATE replays SET status = ? WHERE id = ?", from, w.replay.ID).Error; err != nil {
			return nil, err
		}
		return turn(tx)(s, w.replay.ID)
	}
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
		"DB.CarrierCalls": func(s models.Scope) (any, error) {
			rows, _, err := db.CarrierCalls(ctx, s, models.CarrierCallFilter{AccountID: w.carrier}, first)
			return rows, err
		},
		"DB.Incidents": func(s models.Scope) (any, error) {
			return list(db.Incidents(ctx, s, models.IncidentFilter{}, first))
		},
		"DB.Incident":       func(s models.Scope) (any, error) { return db.Incident(ctx, s, w.incident) },
		"DB.CountIncidents": func(s models.Scope) (any, error) { return db.CountIncidents(ctx, s) },
		"DB.AlertChannels":  func(s models.Scope) (any, error) { return db.AlertChannels(ctx, s) },
		"DB.AlertChannel":   func(s models.Scope) (any, error) { return db.AlertChannel(ctx, s, w.channel) },
		"DB.CarrierCall":    func(s models.Scope) (any, error) { return db.CarrierCall(ctx, s, w.carrier, w.call) },
		"DB.OrderRecipients": func(s models.Scope) (any, error) {
			return db.OrderRecipients(ctx, s, []string{w.order.ID})
		},
		"DB.CarrierHabit": func(s models.Scope) (any, error) {
			habit, err := db.CarrierHabit(ctx, s)
			return habit.Kinds, err
		},
		"DB.CarrierAccount": func(s models.Scope) (any, error) { return db.CarrierAccount(ctx, s, w.carrier) },
		"DB.APIKeys":        func(s models.Scope) (any, error) { return list(db.APIKeys(ctx, s, first)) },
		"DB.APIKey":         func(s models.Scope) (any, error) { return db.APIKey(ctx, s, w.key.ID) },
		"DB.Attention":      func(s models.Scope) (any, error) { return db.Attention(ctx, s) },
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
		"DB.TransitStats": func(s models.Scope) (any, error) {
			return db.TransitStats(ctx, s, "0000", "9999", models.TransitsByLane)
		},
		"DB.OrdersByNumber": func(s models.Scope) (any, error) {
			return db.OrdersByNumber(ctx, s, []string{w.order.Number})
		},
		"DB.ShipmentsByNumber": func(s models.Scope) (any, error) {
			return db.ShipmentsByNumber(ctx, s, []string{w.shipment.TrackingNumber})
		},
		"DB.CountTroubles": func(s models.Scope) (any, error) { return db.CountTroubles(ctx, s) },
		"DB.TroubledShipments": func(s models.Scope) (any, error) {
			return list(db.TroubledShipments(ctx, s, models.TroubleException, first))
		},
		"DB.Replay":  func(s models.Scope) (any, error) { return db.Replay(ctx, s, w.replay.ID) },
		"DB.Replays": func(s models.Scope) (any, error) { return list(db.Replays(ctx, s, first)) },
		"DB.OpenReplay": func(s models.Scope) (any, error) {
			r, err := db.OpenReplay(ctx, s, w.endpoint.ID)
			if s == w.scope && errors.Is(err, models.ErrNotFound) { // it was canceled meanwhile
				return w.replay, nil
			}
			return r, err
		},
		"DB.DeliveriesByID": func(s models.Scope) (any, error) { return db.DeliveriesByID(ctx, s, []string{w.delivery}) },
		"DB.EndpointHealth": func(s models.Scope) (any, error) { return db.EndpointHealth(ctx, s, w.endpoint.ID) },
		"DB.LastAnswers":    func(s models.Scope) (any, error) { return db.LastAnswers(ctx, s, w.endpoint.ID, 5) },
		"DB.ZoneStats":      func(s models.Scope) (any, error) { return db.ZoneStats(ctx, s, "0000", "9999") },
	}
	writes := map[string]func(tx *models.Tx, s models.Scope) (any, error){
		"Tx.LockOrders":   func(tx *models.Tx, s models.Scope) (any, error) { return tx.LockOrders(s, []string{w.order.ID}) },
		"Tx.Incident":     func(tx *models.Tx, s models.Scope) (any, error) { return tx.Incident(s, w.incident) },
		"Tx.AlertChannel": func(tx *models.Tx, s models.Scope) (any, error) { return tx.AlertChannel(s, w.channel) },
		"Tx.DeleteAlertChannel": func(tx *models.Tx, s models.Scope) (any, error) {
			return true, tx.DeleteAlertChannel(s, w.unused)
		},
		"Tx.RevokeAPIKey":   func(tx *models.Tx, s models.Scope) (any, error) { return true, tx.RevokeAPIKey(s, w.key.ID) },
		"Tx.ReplayDelivery": func(tx *models.Tx, s models.Scope) (any, error) { return tx.ReplayDelivery(s, w.delivery) },
		"Tx.CreateReplay":   func(tx *models.Tx, s models.Scope) (any, error) { return tx.CreateReplay(s, w.missed(w.late.ID)) },
		"Tx.PauseReplay":    w.turn(func(tx *models.Tx) func(models.Scope, string) (*models.Replay, error) { return tx.PauseReplay }, models.BulkRunning),
		"Tx.ResumeReplay":   w.turn(func(tx *models.Tx) func(models.Scope, string) (*models.Replay, error) { return tx.ResumeReplay }, models.BulkPaused),
		"Tx.CancelReplay":   w.turn(func(tx *models.Tx) func(models.Scope, string) (*models.Replay, error) { return tx.CancelReplay }, models.BulkPaused),
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
		"Tx.OrderAddress": func(tx *models.Tx, s models.Scope) (any, error) { return tx.OrderAddress(s, w.order.ID) },
		"Tx.CarrierHabit": func(tx *models.Tx, s models.Scope) (any, error) {
			habit, err := tx.CarrierHabit(s)
			return habit.Kinds, err
		},
		"Tx.Endpoint":           func(tx *models.Tx, s models.Scope) (any, error) { return tx.Endpoint(s, w.endpoint.ID) },
		"Tx.CancelOrder":        func(tx *models.Tx, s models.Scope) (any, error) { return true, tx.CancelOrder(s, w.free.ID) },
		"Tx.OrderByRef":         func(tx *models.Tx, s models.Scope) (any, error) { return tx.OrderByRef(s, "", w.order.Number) },
		"Tx.GatewayAccount":     func(tx *models.Tx, s models.Scope) (any, error) { return tx.GatewayAccount(s, w.gateway) },
		"Tx.CarrierAccount":     func(tx *models.Tx, s models.Scope) (any, error) { return tx.CarrierAccount(s, w.carrier) },
		"Tx.SeenCarrierAccount": func(tx *models.Tx, s models.Scope) (any, error) { return tx.SeenCarrierAccount(s, w.carrier) },
		"Tx.Payment":            func(tx *models.Tx, s models.Scope) (any, error) { return tx.Payment(s, w.payment.ID) },
		"Tx.Refund":             func(tx *models.Tx, s models.Scope) (any, error) { return tx.Refund(s, w.refund.ID) },
		"Tx.ReplayInbound":      func(tx *models.Tx, s models.Scope) (any, error) { return tx.ReplayInbound(s, w.inbound) },
		"Tx.Shipment":           func(tx *models.Tx, s models.Scope) (any, error) { return tx.Shipment(s, w.shipment.ID) },
		"Tx.RenewPublicToken":   func(tx *models.Tx, s models.Scope) (any, error) { return tx.RenewPublicToken(s, w.shipment.ID) },
		"Tx.RevokePublicToken":  func(tx *models.Tx, s models.Scope) (any, error) { return tx.RevokePublicToken(s, w.shipment.ID) },
	}
	for name, fn := range writes {
		reads[name] = write(fn)
	}
	return reads
}
