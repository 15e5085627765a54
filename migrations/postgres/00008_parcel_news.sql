-- +goose Up
-- Carriers tell of news by webhook too: an inbound event is of an account of
-- either kind, which its prefix tells.
ALTER TABLE inbound_events DROP CONSTRAINT inbound_events_gateway_account_id_fkey;
ALTER TABLE inbound_events RENAME COLUMN gateway_account_id TO account_id;
ALTER TABLE inbound_events ADD COLUMN shipment_id TEXT COLLATE "C" REFERENCES shipments (id);
CREATE INDEX inbound_events_shipment ON inbound_events (shipment_id, id) WHERE shipment_id IS NOT NULL;

-- When the carrier last told of a parcel by itself: while it does, polls only
-- make sure that nothing was missed.
ALTER TABLE shipments ADD COLUMN pushed_at TIMESTAMPTZ;
CREATE INDEX shipments_service ON shipments (carrier_account_id, service) WHERE service <> '';
-- What may use the reserve of an account's quota is found first.
CREATE INDEX shipments_urgent ON shipments (carrier_account_id, next_poll_at)
    WHERE next_poll_at IS NOT NULL AND status = 'out_for_delivery';
-- Parcels that were told of before there was an account to ask about them.
CREATE INDEX shipments_unfollowed ON shipments (merchant_id, carrier, id) WHERE carrier_account_id IS NULL;
