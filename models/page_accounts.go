package models

// GatewayAccount loads a payment account inside the transaction and, where the
// database can, locks its row: an edit keeps the secrets that it does not set.
func (tx *Tx) GatewayAccount(scope Scope, id string) (*GatewayAccount, error) {
	return first[GatewayAccount](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}

// CarrierAccount loads a carrier account inside the transaction, like GatewayAccount.
func (tx *Tx) CarrierAccount(scope Scope, id string) (*CarrierAccount, error) {
	return first[CarrierAccount](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}

// SeenCarrierAccount loads a carrier account inside the transaction without
// locking it: for acts that lock its parcels, which come first.
func (tx *Tx) SeenCarrierAccount(scope Scope, id string) (*CarrierAccount, error) {
	return first[CarrierAccount](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
}
