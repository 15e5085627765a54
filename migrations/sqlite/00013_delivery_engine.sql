-- +goose Up
-- What merchants set of an endpoint: custom headers, sealed as one, with their
-- names beside them; how many deliveries a second (0: as many as there are) and
-- how many at once it takes; and whether deliveries wait for it.
ALTER TABLE webhook_endpoints ADD COLUMN headers TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN header_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE webhook_endpoints ADD COLUMN rate_per_second INTEGER NOT NULL DEFAULT 0 CHECK (rate_per_second BETWEEN 0 AND 1000);
ALTER TABLE webhook_endpoints ADD COLUMN max_in_flight INTEGER NOT NULL DEFAULT 8 CHECK (max_in_flight BETWEEN 1 AND 64);
ALTER TABLE webhook_endpoints ADD COLUMN paused_at DATETIME;
-- The time of the next delivery when the rate were used in full.
ALTER TABLE webhook_endpoints ADD COLUMN rate_used_until DATETIME;
-- What a person disabled was called paused, which now means that deliveries wait.
UPDATE webhook_endpoints SET disabled_reason = 'person' WHERE disabled_reason = 'paused';

-- The deliveries themselves are the queue: by endpoint, in the order of their
-- turn, and those under way.
UPDATE deliveries SET next_attempt_at = updated_at WHERE status IN ('pending', 'retrying') AND next_attempt_at IS NULL;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_queue ON deliveries (endpoint_id, next_attempt_at, id) WHERE status IN ('pending', 'retrying');
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, lease_until) WHERE status = 'delivering';

-- Why the next attempt of a delivery, and each that was made, is made; what was
-- sent, with what merchants set masked; and whether more was answered than is kept.
ALTER TABLE deliveries ADD COLUMN cause TEXT NOT NULL DEFAULT 'schedule' CHECK (cause IN ('schedule', 'replay', 'manual'));
ALTER TABLE delivery_attempts ADD COLUMN cause TEXT NOT NULL DEFAULT 'schedule' CHECK (cause IN ('schedule', 'replay', 'manual'));
ALTER TABLE delivery_attempts ADD COLUMN request_headers TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempts ADD COLUMN answer_cut BOOLEAN NOT NULL DEFAULT FALSE;
-- Attempts whose headers and answer are still kept.
CREATE INDEX delivery_attempts_kept ON delivery_attempts (started_at) WHERE request_headers <> '';

-- How many attempts an endpoint got in each hour, by how long they took. A
-- bucket is named by its upper bound in ms.
CREATE TABLE endpoint_hours (
    endpoint_id  TEXT NOT NULL REFERENCES webhook_endpoints (id),
    hour         DATETIME NOT NULL,
    bucket       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    delivered    INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, hour, bucket)
);
