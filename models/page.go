package models

import (
	"time"

	"gorm.io/gorm"
)

// Page asks for a part of a list, newest first.
type Page struct {
	Limit  int    // 1 to 200; 0 means 50
	Cursor string // the id after which to go on; empty for the start
}

// Limits of lists.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return DefaultLimit
	}
	return min(p.Limit, MaxLimit)
}

// Span limits a list to rows created from From (inclusive) to To (exclusive);
// a zero time is no limit.
type Span struct{ From, To time.Time }

// in limits by the id, which sorts by creation, so that one index serves both
// the span and the order.
func (s Span) in(q *gorm.DB, prefix string) *gorm.DB {
	if !s.From.IsZero() {
		q = q.Where("id >= ?", idBound(prefix, s.From))
	}
	if !s.To.IsZero() {
		q = q.Where("id < ?", idBound(prefix, s.To))
	}
	return q
}

// page runs a list query by descending id and returns the rows with the cursor
// of the next page, empty at the end. A cursor that no page gave is invalid.
func page[T any](q *gorm.DB, p Page, prefix string, id func(T) string) ([]T, string, error) {
	if p.Cursor != "" {
		if !IsID(prefix, p.Cursor) {
			return nil, "", Invalid("cursor", "bad_cursor")
		}
		q = q.Where("id < ?", p.Cursor)
	}
	rows, err := all[T](q.Order("id DESC").Limit(p.limit() + 1))
	if err != nil {
		return nil, "", err
	}
	if len(rows) <= p.limit() {
		return rows, "", nil
	}
	rows = rows[:p.limit()]
	return rows, id(rows[len(rows)-1]), nil
}
