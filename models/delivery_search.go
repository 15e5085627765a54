package models

import (
	"strings"

	"gorm.io/gorm"
)

// search narrows deliveries to those that a text names: by their own id, their
// event's, that of what the event is about, or its order's id or number.
func (f DeliveryFilter) search(q, fresh *gorm.DB, scope Scope) *gorm.DB {
	text := strings.TrimSpace(f.Search)
	if text == "" {
		return q
	}
	events := scope.in(fresh.Table("events").Select("id"), "merchant_id")
	prefix, _, _ := strings.Cut(text, "_")
	switch {
	case IsID(PrefixDelivery, text):
		return q.Where("id = ?", text)
	case IsID(PrefixEvent, text):
		return q.Where("event_id = ?", text)
	case IsID(PrefixOrder, text):
		events = events.Where("order_id = ?", text)
	case IsID(prefix, text):
		events = events.Where("object_id = ?", text)
	default:
		orders := scope.in(fresh.Table("orders").Select("id"), "merchant_id").Where("number = ?", text)
		events = events.Where("order_id IN (?)", orders)
	}
	// Looked up first: asked for in an order, SQLite would walk all of the merchant's.
	return q.Where("id IN (?)", fresh.Table("deliveries").Select("id").Where("event_id IN (?)", events))
}
