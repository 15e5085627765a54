package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// CauseRecompute is the cause of changes that correct what was stored.
const CauseRecompute = "recompute"

// ShipmentChange is what one look at the carrier, or one correction, makes of
// a parcel. The status comes from the rules in carriers; nothing here judges it.
type ShipmentChange struct {
	Cause        string // poll, webhook, manual, import
	Status       string
	StatusReason string
	HeaderStatus string
	HeaderAt     *time.Time
	Late         bool
	ETA          *time.Time
	ShippedAt    *time.Time
	DeliveredAt  *time.Time
	LastEventAt  *time.Time
	Service      string
	TrackingURL  string
	Raw          string
	SyncedAt     *time.Time // nil leaves the last one
	NextPollAt   *time.Time
	PushedAt     *time.Time
	Unchanged    int
	Failed       int
	SyncError    string
	SyncKind     string
}

// Unchanged is the change of a parcel that changes nothing.
func (s *Shipment) Unchanged() ShipmentChange {
	return ShipmentChange{
		Status: s.Status, StatusReason: s.StatusReason, HeaderStatus: s.HeaderStatus, HeaderAt: s.HeaderAt,
		Late: s.Late, ETA: s.ETA, ShippedAt: s.ShippedAt, DeliveredAt: s.DeliveredAt, LastEventAt: s.LastEventAt,
		Service: s.Service, TrackingURL: s.TrackingURL, Raw: s.Raw, NextPollAt: s.NextPollAt, PushedAt: s.PushedAt,
		Unchanged: s.UnchangedPolls, Failed: s.FailedPolls, SyncError: s.SyncError, SyncKind: s.SyncErrorKind,
	}
}

// MoveShipment applies a change to a parcel that was loaded in this
// transaction, with a TrackedSince that was set since, and with it the order's counters, the figures of the day, the
// events and their deliveries. It ends the lease of the poll.
func (tx *Tx) MoveShipment(s *Shipment, c ShipmentChange) error {
	before := *s
	s.Status, s.StatusReason, s.HeaderStatus, s.HeaderAt = c.Status, c.StatusReason, c.HeaderStatus, c.HeaderAt
	s.Late, s.ETA, s.ShippedAt, s.DeliveredAt, s.LastEventAt = c.Late, c.ETA, c.ShippedAt, c.DeliveredAt, c.LastEventAt
	s.Service, s.TrackingURL, s.Raw = c.Service, c.TrackingURL, c.Raw
	s.NextPollAt, s.PushedAt, s.UnchangedPolls, s.FailedPolls = c.NextPollAt, c.PushedAt, c.Unchanged, c.Failed
	s.SyncError, s.SyncErrorKind, s.LeaseUntil = c.SyncError, c.SyncKind, nil
	s.UpdatedAt, s.Version = tx.now, before.Version+1
	s.keepTimes(&before, tx.now)
	if s.Status == ShipmentException && before.Status != ShipmentException {
		s.ExceptionAt = &tx.now
	}
	if err := tx.keepJourney(&before, s); err != nil {
		return err
	}
	if c.SyncedAt != nil {
		s.LastSyncedAt = c.SyncedAt
	}
	// What stays costs nothing: most answers tell nothing new, and a row stands in many indexes.
	columns, err := tx.differing(&before, s)
	if err != nil {
		return fmt.Errorf("move shipment %s: %w", s.ID, err)
	}
	res := tx.q().Model(s).Select("tracked_since", columns...).Where("version = ?", before.Version).Updates(s)
	if res.Error != nil {
		return fmt.Errorf("move shipment %s: %w", s.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrRaced
	}
	tx.Announce(Hint{Topic: "shipment", ID: s.ID, MerchantID: s.MerchantID})
	if err := tx.noteETA(&before, s, c.Cause); err != nil {
		return err
	}
	return tx.followShipment(&before, s, c.Cause)
}

// keepTimes notes since when a parcel has its status and since when nobody
// answers for it.
func (s *Shipment) keepTimes(before *Shipment, now time.Time) {
	if s.Status != before.Status {
		s.StatusAt = now
	}
	switch {
	case s.SyncErrorKind == "":
		s.SyncFailedAt = nil
	case s.SyncFailedAt == nil:
		s.SyncFailedAt = &now
	}
}

// followShipment records what the change of a parcel means to others.
func (tx *Tx) followShipment(before, s *Shipment, cause string) error {
	if before.Status != s.Status {
		if err := tx.countParcels([]string{s.OrderID}); err != nil {
			return err
		}
	}
	if err := tx.recount(s.MerchantID, shipmentFigures(before), shipmentFigures(s)); err != nil {
		return err
	}
	if err := tx.recountTransit(before, s); err != nil {
		return err
	}
	for _, eventType := range shipmentEvents(before, s) {
		if err := tx.recordShipment(s, eventType, cause); err != nil {
			return err
		}
	}
	if before.Status != s.Status {
		if err := tx.refreshOrder(s.OrderID); err != nil {
			return err
		}
	}
	return tx.tellCustomer(before, s, cause)
}

// shipmentEvents says what merchants are told of a change.
func shipmentEvents(before, s *Shipment) []string {
	var types []string
	if before.Status != s.Status || before.StatusReason != s.StatusReason || !equalTime(before.ETA, s.ETA) {
		types = append(types, EventShipmentUpdated)
	}
	if before.Status != s.Status {
		switch s.Status {
		case ShipmentOutForDelivery:
			types = append(types, EventShipmentOut)
		case ShipmentDelivered:
			types = append(types, EventShipmentDelivered)
		case ShipmentException:
			types = append(types, EventShipmentException)
		}
	}
	if s.Late && !before.Late {
		types = append(types, EventShipmentLate)
	}
	return types
}

func (tx *Tx) recordShipment(s *Shipment, eventType, cause string) error {
	return tx.recordShipments([]Shipment{*s}, eventType, cause)
}

// recordShipments is recordShipment for many.
func (tx *Tx) recordShipments(parcels []Shipment, eventType, cause string) error {
	objects, err := tx.db.shipmentsJSON(tx.q(), parcels)
	if err != nil {
		return err
	}
	news := make([]happened, len(parcels))
	for i := range parcels {
		s := &parcels[i]
		news[i] = happened{Event{
			MerchantID: s.MerchantID, Type: eventType, ObjectID: s.ID, OrderID: &s.OrderID, Cause: cause,
		}, &objects[i]}
	}
	return tx.recordEvents(news)
}

func equalTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Due selects parcels of an account that are to be polled.
type Due struct {
	AccountID string
	By        time.Time // due until then
	Of        DueKind   // 0: all
}

// DueKind selects parcels that are due.
type DueKind int

// The kinds.
const (
	DueUrgent   DueKind = iota + 1 // out for delivery
	DueOrdinary                    // all others
	DueFirst                       // those of which their carrier has said nothing yet
)

// DueShipment is a parcel that is due, and since when.
type DueShipment struct {
	ID         string
	NextPollAt time.Time
}

// DueShipments finds parcels whose poll is due, longest due first, that no other
// poll holds.
func (db *DB) DueShipments(ctx context.Context, d Due, limit int) ([]DueShipment, error) {
	q := db.q(ctx).Table("shipments").Select("id, next_poll_at").
		Where("carrier_account_id = ? AND next_poll_at <= ? AND (lease_until IS NULL OR lease_until < ?)", d.AccountID, d.By, db.Now())
	switch d.Of { // literally, so that the partial indexes serve
	case DueUrgent:
		q = q.Where("status = 'out_for_delivery'")
	case DueOrdinary:
		q = q.Where("status <> 'out_for_delivery'")
	case DueFirst:
		q = q.Where("status = 'unknown' AND last_synced_at IS NULL AND sync_error_kind IN ('', 'rate_limited', 'unavailable')")
	}
	due, err := all[DueShipment](q.Order("next_poll_at").Limit(limit))
	if err != nil {
		return nil, fmt.Errorf("due shipments of %s: %w", d.AccountID, err)
	}
	return due, nil
}

// LeasedShipments counts parcels of an account whose polls wait or are under
// way, up to the limit.
func (db *DB) LeasedShipments(ctx context.Context, accountID string, limit int) (int, error) {
	var ids []string
	err := db.q(ctx).Table("shipments").
		Where("carrier_account_id = ? AND lease_until IS NOT NULL AND lease_until > ?", accountID, db.Now()).Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("leased shipments of %s: %w", accountID, err)
	}
	return len(ids), nil
}

// ClaimShipments takes the leases of the parcels that are due by a moment until
// another, and returns those that it got; the guard keeps two sweeps from
// polling one parcel.
func (tx *Tx) ClaimShipments(ids []string, by, until time.Time) ([]string, error) {
	var got []string
	for part := range slices.Chunk(ids, maxIDs) {
		free, err := tx.lockIDs("shipments", skipLocked,
			"id IN ? AND next_poll_at <= ? AND (lease_until IS NULL OR lease_until < ?)", part, by, tx.now)
		if err != nil {
			return nil, err
		}
		if err := tx.updateShipments(free, map[string]any{"lease_until": until}); err != nil {
			return nil, err
		}
		got = append(got, free...)
	}
	return got, nil
}

// LockShipments prepares a transaction that changes several parcels: it locks
// them and then their orders, each by ascending id, as the order of locks asks.
func (tx *Tx) LockShipments(ids []string) error {
	if tx.db.Dialect != Postgres || len(ids) == 0 {
		return nil
	}
	if _, err := tx.lockIDs("shipments", forUpdate, "id IN ?", ids); err != nil {
		return err
	}
	var orders []string
	err := tx.q().Table("orders").Clauses(forUpdate).Order("id").
		Where("id IN (?)", tx.q().Table("shipments").Select("order_id").Where("id IN ?", ids)).
		Pluck("id", &orders).Error
	if err != nil {
		return fmt.Errorf("lock orders of shipments: %w", err)
	}
	return nil
}

// ShipmentsByID loads parcels for background work.
func (db *DB) ShipmentsByID(ctx context.Context, ids []string) ([]Shipment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return all[Shipment](db.q(ctx).Where("id IN ?", ids).Order("id"))
}

// ReleaseShipments ends the leases of parcels that were not asked for. They stay
// due, so that they keep their place among those that wait longest.
func (tx *Tx) ReleaseShipments(ids []string) error {
	for part := range slices.Chunk(ids, maxIDs) {
		found, err := tx.lockIDs("shipments", forUpdate, "id IN ?", part)
		if err != nil {
			return err
		}
		if err := tx.updateShipments(found, map[string]any{"lease_until": nil}); err != nil {
			return err
		}
	}
	return nil
}

// RequestSync makes a parcel due now and enqueues its poll. It is refused when
// nobody can ask: there is no account, or it is disabled, stopped or paused; and as too
// soon, sync_too_soon, while a poll is under way and until pause after the last
// answer and the last request, whatever came of that.
func (tx *Tx) RequestSync(s *Shipment, pause time.Duration) error {
	if err := tx.checkSync(s); err != nil {
		return err
	}
	if wait := s.syncWait(tx.now, pause); wait > 0 {
		return TooSoon("sync_too_soon", wait)
	}
	ok, err := tx.update("shipments", map[string]any{
		"next_poll_at": tx.now, "lease_until": tx.now.Add(2 * time.Minute), "sync_requested_at": tx.now,
		"version": gorm.Expr("version + 1"),
	}, "id = ? AND version = ?", s.ID, s.Version)
	if err != nil {
		return err
	}
	if !ok {
		return ErrRaced
	}
	tx.Enqueue(PollArgs{AccountID: *s.CarrierAccountID, ShipmentIDs: []string{s.ID}, Manual: true})
	return nil
}

// checkSync says why nobody can ask for the parcel; nil when somebody can.
func (tx *Tx) checkSync(s *Shipment) error {
	if s.Replaced() {
		return Conflict("parcel_canceled", s.Status)
	}
	if s.CarrierAccountID == nil {
		return Conflict("no_carrier_account", s.Status)
	}
	a, err := first[CarrierAccount](tx.q().Where("id = ?", *s.CarrierAccountID))
	switch {
	case errors.Is(err, ErrNotFound):
		return Conflict("no_carrier_account", s.Status)
	case err != nil:
		return err
	case !a.Enabled:
		return Conflict("carrier_account_disabled", s.Status)
	case a.StoppedAt != nil:
		return Conflict("carrier_account_stopped", s.Status)
	case a.Paused(tx.now):
		return Conflict("carrier_account_paused", s.Status)
	}
	return nil
}

// syncWait is how long until the parcel may be asked for by hand. A poll that is
// under way takes as long as its lease only when its worker has died.
func (s *Shipment) syncWait(now time.Time, pause time.Duration) time.Duration {
	var wait time.Duration
	for _, last := range []*time.Time{s.LastSyncedAt, s.SyncRequestedAt} {
		if last != nil {
			wait = max(wait, last.Add(pause).Sub(now))
		}
	}
	if wait == 0 && s.LeaseUntil != nil {
		return s.LeaseUntil.Sub(now)
	}
	return wait
}
