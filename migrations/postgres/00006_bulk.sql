-- +goose Up
-- A payment waits in one bulk retry at a time.
CREATE UNIQUE INDEX bulk_retry_items_waiting ON bulk_retry_items (payment_id) WHERE verdict = '';
