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

// clockInterval is how long a measured offset is used.
const clockInterval = time.Minute

func (c *clock) now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// keep measures the offset again when it is old. A failure leaves the old one:
// whatever is wrong with the database, the transaction that follows tells.
func (c *clock) keep(ctx context.Context, db *DB) {
	last := c.measured.Load()
	if !c.server || time.Now().UnixNano()-last < int64(clockInterval) {
		return
	}
	if !c.measured.CompareAndSwap(last, time.Now().UnixNano()) {
		return // somebody else does
	}
	if err := c.measure(ctx, db); err != nil {
		c.measured.Store(last)
	}
}

// measure asks the server for its time and takes the answer to be from the
// middle of the round trip.
func (c *clock) measure(ctx context.Context, db *DB) error {
	start := time.Now()
	server, err := db.ServerTime(ctx)
	if err != nil {
		return err
	}
	trip := time.Since(start)
	c.offset.Store(int64(server.Sub(start.Add(trip / 2))))
	c.measured.Store(time.Now().UnixNano())
	return nil
}
