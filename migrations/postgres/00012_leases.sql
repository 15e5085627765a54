-- +goose Up
-- Polls that are enqueued or under way.
CREATE INDEX shipments_leased ON shipments (carrier_account_id) WHERE lease_until IS NOT NULL;
