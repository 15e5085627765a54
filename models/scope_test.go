package models_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

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
		execute(t, db, "INSERT INTO transit_stats VALUES (?, '2026-01-31', 'dhl', 'MY', 3, 'kept', 1)", mine.ID)
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
	"Attempts": "of a payment loaded with a scope", "AttemptsByPayment": "of payments loaded with a scope", "AttemptsOf": "of payments loaded with a scope",
	"OrderItems": "of an order loaded with a scope", "ItemsOfOrders": "of orders loaded with a scope", "TrackingEvents": "of a parcel loaded with a scope",
	"ShipmentETAs": "of a parcel loaded with a scope", "ReturnsOf": "of a parcel loaded with a scope",
	"TrackingEventsOf": "of parcels loaded with a scope", "DeliveriesOf": "of events loaded with a scope",
	"DeliveryAttempts": "of deliveries loaded with a scope", "LastDeliveries": "of endpoints loaded with a scope",
	"DeliveryObjects": "of rows loaded with a scope", "OrderObjects": "of rows loaded with a scope",
	"PaymentObjects": "of rows loaded with a scope", "ShipmentObjects": "of rows loaded with a scope",
	"CarrierLoads": "of accounts loaded with a scope", "WaitingShipments": "of an account loaded with a scope",
	"Attempt": "for background work", "StalledAttempts": "for background work", "DueEndpoints": "for background work", "DueShipments": "for background work", "LeasedShipments": "for background work",
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
	"WaitingDeliveries": "of an endpoint loaded with a scope", "MissedSince": "of an endpoint loaded with a scope", "FindReplay": "of an endpoint loaded with a scope", "ReplayItems": "of a replay loaded with a scope", "StalledReplays": "for background work",
	"BulkRetry": "for support", "BulkRetries": "for support", "BulkRetryItems": "for support", "BulkRetryEnds": "for support",
	"InBulkRetry": "of payments loaded with a scope", "StalledBulkRetries": "for background work",
	"CountDifferences": "of a file loaded with a scope", "DropSettlement": "of a file that the caller has made or taken over",
	"StaleUnknown": "for alerts", "StaleReviews": "for alerts", "OverdueDeliveries": "for alerts", "TroubledEndpoints": "for alerts",
	"LostDeliveries": "for alerts", "ArrivedAt": "for alerts", "UrgentDisputes": "for alerts", "Queues": "for alerts", "WorkerSigns": "for alerts",
	"GatewayMinutes": "for alerts", "GatewayWeek": "for alerts", "AlertRules": "for admins", "DueAlerts": "for background work",
	"DigestedAlerts": "for background work", "IncidentsByID": "for background work", "IncidentAlerts": "of an incident loaded with a scope",
	"AlertSubscription": "for oneself", "AlertSilence": "of an incident loaded with a scope", "Silences": "of incidents loaded with a scope",
	"CheckStats": "for operators", "RebuildStats": "for operators", "Watch": "for operators",
	"Nodes": "for operators", "PeriodicJobs": "for operators", "LeaderID": "for operators", "Replicas": "for operators",
	"FailingJobs": "for operators", "Job": "for operators", "QueueStates": "for operators", "OutboxState": "for operators",
	"DatabaseState": "for operators",
	"PublicParcel":  "finds out whose scope it is", "PublicAddress": "of a parcel loaded with a scope",
	"TrackingSettings": "bound to the merchant that it is given", "CustomerMails": "of a parcel loaded with a scope",
	"CustomerMail": "for background work", "StalledMails": "for background work",
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
