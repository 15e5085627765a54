package models

import (
	"context"

	"gorm.io/gorm"
)

// EndpointsByID loads what lists say of endpoints, deleted ones too, without
// their secrets.
func (db *DB) EndpointsByID(ctx context.Context, scope Scope, ids []string) (map[string]Endpoint, error) {
	found := make(map[string]Endpoint, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := all[Endpoint](withoutSecrets(scope.in(db.q(ctx), "merchant_id")).Where("id IN ?", ids))
	for i := range rows {
		found[rows[i].ID] = rows[i]
	}
	return found, err
}

// withoutSecrets leaves out what only deliveries need of an endpoint.
func withoutSecrets(q *gorm.DB) *gorm.DB { return q.Omit("secret", "previous_secret", "headers") }

// LastDeliveries loads the newest delivery of each endpoint that the caller has
// loaded already.
func (db *DB) LastDeliveries(ctx context.Context, endpointIDs []string) (map[string]Delivery, error) {
	found := make(map[string]Delivery, len(endpointIDs))
	if len(endpointIDs) == 0 {
		return found, nil
	}
	newest := db.q(ctx).Table("deliveries AS d").Select("d.id").Where("d.endpoint_id = webhook_endpoints.id").
		Order("d.id DESC").Limit(1)
	rows, err := all[Delivery](db.q(ctx).
		Joins("JOIN webhook_endpoints ON deliveries.id = (?)", newest).
		Where("webhook_endpoints.id IN ?", endpointIDs))
	for i := range rows {
		found[rows[i].EndpointID] = rows[i]
	}
	return found, err
}
