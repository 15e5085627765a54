package models

// Event loads one event inside the transaction, for background work.
func (tx *Tx) Event(id string) (*Event, error) {
	return first[Event](tx.q().Where("id = ?", id))
}
