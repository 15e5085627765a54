-- +goose Up
-- Carriers tell of news by webhook too: an inbound event is of an account of
-- either kind, which its prefix tells.
CREATE TABLE inbound_events_new (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    account_id          TEXT NOT NULL,
    event_id            TEXT NOT NULL,
    type                TEXT NOT NULL,
    subject             TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('received', 'applied', 'ignored_stale', 'unmatched', 'error')),
    detail              TEXT NOT NULL DEFAULT '',
    body                TEXT NOT NULL,
    payment_id          TEXT REFERENCES payments (id),
    shipment_id         TEXT REFERENCES shipments (id),
    duplicates          INTEGER NOT NULL DEFAULT 0,
    tries               INTEGER NOT NULL DEFAULT 0,
    lease_until         DATETIME,
    occurred_at         DATETIME,
    received_at         DATETIME NOT NULL,
    applied_at          DATETIME,
    UNIQUE (account_id, event_id)
);
INSERT INTO inbound_events_new (id, merchant_id, account_id, event_id, type, subject, status, detail, body, payment_id,
        duplicates, tries, lease_until, occurred_at, received_at, applied_at)
    SELECT id, merchant_id, gateway_account_id, event_id, type, subject, status, detail, body, payment_id,
        duplicates, tries, lease_until, occurred_at, received_at, applied_at FROM inbound_events;
DROP TABLE inbound_events;
ALTER TABLE inbound_events_new RENAME TO inbound_events;
CREATE INDEX inbound_events_merchant ON inbound_events (merchant_id, id);
CREATE INDEX inbound_events_account ON inbound_events (account_id, id);
CREATE INDEX inbound_events_status ON inbound_events (status, id);
CREATE INDEX inbound_events_payment ON inbound_events (payment_id, id) WHERE payment_id IS NOT NULL;
CREATE INDEX inbound_events_lease ON inbound_events (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX inbound_events_shipment ON inbound_events (shipment_id, id) WHERE shipment_id IS NOT NULL;

-- When the carrier last told of a parcel by itself: while it does, polls only
-- make sure that nothing was missed.
ALTER TABLE shipments ADD COLUMN pushed_at DATETIME;
CREATE INDEX shipments_service ON shipments (carrier_account_id, service) WHERE service <> '';
-- What may use the reserve of an account's quota is found first.
CREATE INDEX shipments_urgent ON shipments (carrier_account_id, next_poll_at)
    WHERE next_poll_at IS NOT NULL AND status = 'out_for_delivery';
-- Parcels that were told of before there was an account to ask about them.
CREATE INDEX shipments_unfollowed ON shipments (merchant_id, carrier, id) WHERE carrier_account_id IS NULL;
