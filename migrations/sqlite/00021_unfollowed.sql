-- +goose Up
-- The parcels under way that no account asks about, for the board.
CREATE INDEX shipments_unasked ON shipments (news_at, id)
    WHERE carrier_account_id IS NULL AND status NOT IN ('delivered', 'returned', 'canceled', 'expired');
CREATE INDEX shipments_merchant_unasked ON shipments (merchant_id, news_at, id)
    WHERE carrier_account_id IS NULL AND status NOT IN ('delivered', 'returned', 'canceled', 'expired');
-- The parcel that was meant by one with a mistyped number, whose public address
-- leads to it.
ALTER TABLE shipments ADD COLUMN replaced_by TEXT REFERENCES shipments (id);
-- Since when every question of an account fails, or is answered by what cannot be read.
ALTER TABLE carrier_accounts ADD COLUMN failing_at DATETIME;
