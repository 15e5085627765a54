-- +goose Up
-- When somebody last asked for a parcel by hand.
ALTER TABLE shipments ADD COLUMN sync_requested_at DATETIME;
-- Parcels on their way whose promise nobody has seen broken yet.
CREATE INDEX shipments_promise ON shipments (promised_at)
    WHERE NOT late AND status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery',
        'available_for_pickup', 'delivery_failed', 'exception');
-- What the last test of the connection found, for people of every language.
ALTER TABLE gateway_accounts ADD COLUMN test_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE carrier_accounts ADD COLUMN test_kind TEXT NOT NULL DEFAULT '';
