-- +goose Up
-- Parcels of which their carrier has said nothing yet have a better turn where the
-- calls of an account do not suffice for all.
CREATE INDEX shipments_first ON shipments (carrier_account_id, next_poll_at)
    WHERE next_poll_at IS NOT NULL AND status = 'unknown' AND last_synced_at IS NULL
        AND sync_error_kind IN ('', 'rate_limited', 'unavailable');
