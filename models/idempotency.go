package models

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm/clause"
)

// Answer is what a request was answered with.
type Answer struct {
	Status   int
	Location string
	Body     []byte
	Replayed bool
}

// idempotencyKey is the stored answer to a request of a merchant.
type idempotencyKey struct {
	MerchantID  string `gorm:"primaryKey"`
	Key         string `gorm:"primaryKey"`
	Fingerprint string
	Status      int
	Location    string
	Body        string
	CreatedAt   time.Time
}

// Idempotent runs fn and stores its answer in the same transaction, so that
// the same key with the same fingerprint gets the same answer for as long as
// keys are kept. Another fingerprint is invalid, idempotency_key_reused; a key
// whose first request is still running is a conflict, idempotency_key_in_use.
// An error of fn leaves nothing behind. An empty key just runs fn.
func (db *DB) Idempotent(
	ctx context.Context, merchantID, key, fingerprint string, fn func(tx *Tx) (Answer, error),
) (Answer, error) {
	var answer Answer
	if key == "" {
		err := db.Write(ctx, func(tx *Tx) (err error) {
			answer, err = fn(tx)
			return err
		})
		return answer, err
	}
	if !db.keys.enter(merchantID, key) {
		return Answer{}, Conflict("idempotency_key_in_use", "")
	}
	defer db.keys.leave(merchantID, key)
	err := db.Write(ctx, func(tx *Tx) error {
		stored, err := tx.storedAnswer(merchantID, key, fingerprint)
		if err != nil {
			return err
		}
		if stored != nil {
			answer = *stored
			return nil
		}
		if answer, err = fn(tx); err != nil {
			return err
		}
		return tx.storeAnswer(merchantID, key, fingerprint, answer)
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

// storedAnswer finds the answer to an earlier request with the key. On
// PostgreSQL it first takes a lock of the key, which a request that is still
// running on another node holds until its transaction ends.
func (tx *Tx) storedAnswer(merchantID, key, fingerprint string) (*Answer, error) {
	if tx.db.Dialect == Postgres {
		var free bool
		err := tx.q().Raw("SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))", merchantID+"/"+key).Scan(&free).Error
		if err != nil {
			return nil, fmt.Errorf("lock idempotency key: %w", err)
		}
		if !free {
			return nil, Conflict("idempotency_key_in_use", "")
		}
	}
	rows, err := all[idempotencyKey](tx.q().Where(clause.Eq{Column: "merchant_id", Value: merchantID}).
		Where(clause.Eq{Column: "key", Value: key}).Limit(1))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if rows[0].Fingerprint != fingerprint {
		return nil, Invalid("", "idempotency_key_reused")
	}
	return &Answer{Status: rows[0].Status, Location: rows[0].Location, Body: []byte(rows[0].Body), Replayed: true}, nil
}

func (tx *Tx) storeAnswer(merchantID, key, fingerprint string, a Answer) error {
	return tx.create(&idempotencyKey{
		MerchantID: merchantID, Key: key, Fingerprint: fingerprint,
		Status: a.Status, Location: a.Location, Body: string(a.Body), CreatedAt: tx.now,
	})
}

// inFlight is the set of keys whose requests run in this process.
type inFlight struct {
	mu   *sync.Mutex
	keys map[string]struct{}
}

func newInFlight() inFlight { return inFlight{mu: &sync.Mutex{}, keys: map[string]struct{}{}} }

func (f inFlight) enter(merchantID, key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := merchantID + "/" + key
	if _, running := f.keys[id]; running {
		return false
	}
	f.keys[id] = struct{}{}
	return true
}

func (f inFlight) leave(merchantID, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, merchantID+"/"+key)
}
