-- +goose Up
-- Parcels that their carrier was never asked about have a better turn where the
-- calls of an account do not suffice for all.
CREATE INDEX shipments_first ON shipments (carrier_account_id, next_poll_at)
    WHERE next_poll_at IS NOT NULL AND status = 'unknown' AND last_synced_at IS NULL AND failed_polls = 0;
