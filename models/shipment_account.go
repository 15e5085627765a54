package models

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// maxSharing is how many orders' parcels may bear one tracking number.
const maxSharing = 50

// ShipmentsOfAccount finds the parcels of a merchant's account that bear a
// tracking number or, when none does, the id that an aggregator gave, by
// ascending id. Asked in that order, SQLite would walk all of the account's.
func (tx *Tx) ShipmentsOfAccount(merchantID, accountID, service, number string) ([]string, error) {
	var ids []string
	for _, by := range []struct{ where, value string }{
		// The literal lets both databases see that the partial index serves.
		{"tracking_number = ?", NormalTrackingNumber(number)}, {"service <> '' AND service = ?", service},
	} {
		if by.value == "" || len(ids) > 0 {
			continue
		}
		var found []string
		err := tx.q().Table("shipments").Where("merchant_id = ? AND carrier_account_id = ? AND "+by.where, merchantID, accountID, by.value).
			Limit(maxSharing).Pluck("id", &found).Error
		if err != nil {
			return nil, fmt.Errorf("shipments of account %s: %w", accountID, err)
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// orphaned is the condition of parcels that nobody asks about: they have no
// account, or one that was disabled. Its argument is the merchant.
const orphaned = "(carrier_account_id IS NULL OR carrier_account_id IN (SELECT id FROM carrier_accounts WHERE merchant_id = ? AND NOT enabled))"

// FollowShipments gives an account some of its merchant's parcels of the given
// carriers that nobody asks about and that are still under way, due to be asked
// for now; those that have been silent for long are history, which would use up
// the calls of the others. What an account before knew them by stays, if this one
// is of the same carrier; aggregators' own ids are of one account. It returns how
// many, none when there are no more.
func (tx *Tx) FollowShipments(a *CarrierAccount, carriers []string, limit int) (int, error) {
	var ids []string
	err := tx.q().Table("shipments").
		Where("merchant_id = ? AND "+orphaned+" AND carrier IN ? AND status NOT IN ? AND news_at > ?", a.MerchantID, a.MerchantID, carriers,
			[]string{ShipmentDelivered, ShipmentReturned, ShipmentCanceled, ShipmentExpired}, tx.now.Add(-silentForGood)).
		Order("id").Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("parcels without an account: %w", err)
	}
	if _, err := tx.lockIDs("shipments", forUpdate, "id IN ?", ids); err != nil {
		return 0, err
	}
	kept := gorm.Expr("CASE WHEN carrier_account_id IS NULL THEN service ELSE '' END")
	if slices.Equal(carriers, []string{a.Kind}) {
		kept = gorm.Expr("CASE WHEN carrier_account_id IS NULL OR carrier_account_id IN "+
			"(SELECT id FROM carrier_accounts WHERE merchant_id = ? AND kind = ?) THEN service ELSE '' END", a.MerchantID, a.Kind)
	}
	_, err = tx.update("shipments", map[string]any{
		"carrier_account_id": a.ID, "next_poll_at": tx.now, "lease_until": nil, "pushed_at": nil, "service": kept,
	}, "id IN ? AND "+orphaned, ids, a.MerchantID)
	return len(ids), err
}
