package models

import (
	"context"

	"gorm.io/gorm"
)

// CarrierHabit is what a merchant's accounts and parcels say of the carriers
// that it uses.
type CarrierHabit struct {
	Kinds  []string       // of its enabled accounts, in the order of its routing
	Recent map[string]int // its newest parcels by carrier
}

// habitOf is how many of the newest parcels make a habit.
const habitOf = 100

// CarrierHabit loads the habit of the scope's merchant; a scope of many has none.
func (db *DB) CarrierHabit(ctx context.Context, scope Scope) (CarrierHabit, error) {
	return carrierHabit(db.q(ctx), db.q(ctx), scope)
}

// CarrierHabit loads the habit of the scope's merchant inside the transaction.
func (tx *Tx) CarrierHabit(scope Scope) (CarrierHabit, error) {
	return carrierHabit(tx.q(), tx.q(), scope)
}

func carrierHabit(accounts, parcels *gorm.DB, scope Scope) (CarrierHabit, error) {
	habit := CarrierHabit{Recent: map[string]int{}}
	if scope.Merchant() == "" {
		return habit, nil
	}
	enabled, err := all[CarrierAccount](scope.in(accounts, "merchant_id").Select("kind").
		Where("enabled = ?", true).Order("position, id"))
	if err != nil {
		return habit, err
	}
	for i := range enabled {
		habit.Kinds = append(habit.Kinds, enabled[i].Kind)
	}
	newest, err := all[Shipment](scope.in(parcels, "merchant_id").Select("carrier").Order("id DESC").Limit(habitOf))
	for i := range newest {
		habit.Recent[newest[i].Carrier]++
	}
	return habit, err
}
