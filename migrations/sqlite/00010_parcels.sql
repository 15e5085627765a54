-- +goose Up
-- What the board of parcels that need attention sorts by: since when a parcel
-- has its status, when its carrier last told something new, and since when it
-- fails to answer. tracked_since is when following began anew.
ALTER TABLE shipments ADD COLUMN status_at DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00+00:00';
ALTER TABLE shipments ADD COLUMN news_at DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00+00:00';
ALTER TABLE shipments ADD COLUMN sync_failed_at DATETIME;
ALTER TABLE shipments ADD COLUMN tracked_since DATETIME;
-- The outbound parcel that a return sends back, and where the recipient lives.
ALTER TABLE shipments ADD COLUMN return_of TEXT REFERENCES shipments (id);
ALTER TABLE shipments ADD COLUMN country TEXT NOT NULL DEFAULT '';
UPDATE shipments SET
    status_at = CASE WHEN status = 'exception' THEN COALESCE(exception_at, last_event_at, created_at) ELSE COALESCE(last_event_at, created_at) END,
    news_at = COALESCE((SELECT MAX(t.received_at) FROM tracking_events t WHERE t.shipment_id = shipments.id), created_at),
    sync_failed_at = CASE WHEN sync_error_kind <> '' THEN COALESCE(last_synced_at, created_at) END,
    country = COALESCE((SELECT upper(json_extract(o.shipping_address, '$.country')) FROM orders o
        WHERE o.id = shipments.order_id AND length(json_extract(o.shipping_address, '$.country')) = 2), '');
CREATE INDEX shipments_return_of ON shipments (return_of) WHERE return_of IS NOT NULL;
CREATE INDEX shipments_returns ON shipments (id) WHERE direction = 'return';
CREATE INDEX shipments_merchant_returns ON shipments (merchant_id, id) WHERE direction = 'return';

-- The board, by age, of all merchants and of one. Its queries say the same words.
CREATE INDEX shipments_waiting ON shipments (status, status_at, id)
    WHERE status IN ('exception', 'delivery_failed', 'available_for_pickup');
CREATE INDEX shipments_merchant_waiting ON shipments (merchant_id, status, status_at, id)
    WHERE status IN ('exception', 'delivery_failed', 'available_for_pickup');
CREATE INDEX shipments_silent ON shipments (news_at, id)
    WHERE status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'returning', 'expired');
CREATE INDEX shipments_merchant_silent ON shipments (merchant_id, news_at, id)
    WHERE status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'returning', 'expired');
CREATE INDEX shipments_late_open ON shipments (promised_at, id)
    WHERE late AND status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'available_for_pickup');
CREATE INDEX shipments_merchant_late_open ON shipments (merchant_id, promised_at, id)
    WHERE late AND status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'available_for_pickup');
CREATE INDEX shipments_unsynced ON shipments (sync_failed_at, id) WHERE sync_failed_at IS NOT NULL;
CREATE INDEX shipments_merchant_unsynced ON shipments (merchant_id, sync_failed_at, id) WHERE sync_failed_at IS NOT NULL;

-- Scans that people entered, with who and why.
ALTER TABLE tracking_events ADD COLUMN source TEXT NOT NULL DEFAULT 'carrier' CHECK (source IN ('carrier', 'manual', 'override'));
ALTER TABLE tracking_events ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE tracking_events ADD COLUMN actor_name TEXT NOT NULL DEFAULT '';
ALTER TABLE tracking_events ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- When carriers said that a parcel arrives; NULL is that they no longer say.
CREATE TABLE shipment_etas (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    shipment_id  TEXT NOT NULL REFERENCES shipments (id),
    eta          DATETIME,
    source       TEXT NOT NULL,
    seen_at      DATETIME NOT NULL
);
CREATE INDEX shipment_etas_shipment ON shipment_etas (shipment_id, id);

-- Outbound parcels delivered on a day: how many days they took, and whether
-- their promise was kept. Kept like daily_stats and stat_deltas.
CREATE TABLE transit_deltas (
    id            TEXT PRIMARY KEY,
    merchant_id   TEXT NOT NULL REFERENCES merchants (id),
    day           TEXT NOT NULL,
    carrier       TEXT NOT NULL,
    country       TEXT NOT NULL,
    transit_days  INTEGER NOT NULL,
    promise       TEXT NOT NULL,
    count         INTEGER NOT NULL
);
CREATE INDEX transit_deltas_day ON transit_deltas (day, merchant_id);
CREATE TABLE transit_stats (
    merchant_id   TEXT NOT NULL REFERENCES merchants (id),
    day           TEXT NOT NULL,
    carrier       TEXT NOT NULL,
    country       TEXT NOT NULL,
    transit_days  INTEGER NOT NULL,
    promise       TEXT NOT NULL,
    count         INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, day, carrier, country, transit_days, promise)
);
CREATE INDEX transit_stats_day ON transit_stats (day);
