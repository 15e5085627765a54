-- +goose Up
-- Deliveries are filtered by the type of their event, within a merchant and over
-- all of them: without these, the few of a rare type are looked for among all.
CREATE INDEX deliveries_merchant_type ON deliveries (merchant_id, event_type, id);
CREATE INDEX deliveries_type ON deliveries (event_type, id);
