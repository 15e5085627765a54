package models

import (
	"context"
	"sync/atomic"
	"time"
)

// clock tells the time of the database server. Leases and due times are
// compared between nodes, so that nodes must not each go by a clock of their
// own. The embedded database shares its process's clock.
type clock struct {
	offset   atomic.Int64 // nanoseconds that the server is ahead
	measured atomic.Int64 // unix nanoseconds of the last measurement
	server   bool
}

const (
	// clockInterval is how long a measured offset is used.
	clockInterval = time.Minute
	// maxTrip is the longest round trip that tells anything: the server may
	// have answered at its begin or at its end, which is the error of its middle.
	maxTrip = 500 * time.Millisecond
	// clockRetry is how soon a measurement that told nothing is made again.
	clockRetry = 5 * time.Second
)

func (c *clock) now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// keep measures the offset again when it is old. A failure leaves the old one:
// whatever is wrong with the database, the transaction that follows tells.
func (c *clock) keep(ctx context.Context, db *DB) {
	last := c.measured.Load()
	if !c.server || !c.due(time.Now()) {
		return
	}
	if !c.measured.CompareAndSwap(last, time.Now().UnixNano()) {
		return // somebody else does
	}
	if err := c.measure(ctx, db); err != nil {
		c.measured.Store(last)
	}
}

func (c *clock) due(now time.Time) bool {
	return now.UnixNano()-c.measured.Load() >= int64(clockInterval)
}

// measure asks the server for its time.
func (c *clock) measure(ctx context.Context, db *DB) error {
	start := time.Now()
	server, err := db.ServerTime(ctx)
	if err != nil {
		return err
	}
	c.take(start, time.Since(start), server)
	return nil
}

// take keeps the offset of an answer, which it takes to be from the middle of
// the round trip. After a long one, as when the pool was exhausted or the
// server busy, the offset before is the better one.
func (c *clock) take(start time.Time, trip time.Duration, server time.Time) {
	end := start.Add(trip)
	if trip > maxTrip {
		c.measured.Store(end.Add(clockRetry - clockInterval).UnixNano())
		return
	}
	c.offset.Store(int64(server.Sub(start.Add(trip / 2))))
	c.measured.Store(end.UnixNano())
}
