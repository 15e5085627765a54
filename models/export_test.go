package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Gorm lets tests send statements of their own inside a transaction.
func (tx *Tx) Gorm() *gorm.DB { return tx.q() }

// Reads lets tests send statements of their own to the pool that lists use.
func (db *DB) Reads(ctx context.Context) *gorm.DB { return db.q(ctx) }

// AttemptStatuses lists all.
var AttemptStatuses = attemptStatuses

// OrderColumn names the column of an order that payments of a status count in.
var OrderColumn = orderColumn

// Words and Terms are the words of a question and of what is searched.
var (
	Words = words
	Terms = terms
)

// CommitError and RetryWait classify the errors of a transaction.
var (
	CommitError = commitError
	RetryWait   = retryWait
)

// Clock keeps the offset of the server's clock.
type Clock = clock

// Take hands a clock the answer of a round trip.
func (c *clock) Take(start time.Time, trip time.Duration, server time.Time) {
	c.take(start, trip, server)
}

// Offset is how far the server is ahead.
func (c *clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Due says whether the offset is to be measured again.
func (c *clock) Due(now time.Time) bool { return c.due(now) }
