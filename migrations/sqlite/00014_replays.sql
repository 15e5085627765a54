-- +goose Up
-- Events that are sent to an endpoint once more, many of them one after the other.
CREATE TABLE replays (
    id             TEXT PRIMARY KEY,
    merchant_id    TEXT NOT NULL REFERENCES merchants (id),
    endpoint_id    TEXT NOT NULL REFERENCES webhook_endpoints (id),
    kind           TEXT NOT NULL CHECK (kind IN ('failed', 'missed', 'all')),
    event_type     TEXT NOT NULL DEFAULT '',
    since          DATETIME NOT NULL,
    until          DATETIME NOT NULL,
    actor_id       TEXT NOT NULL DEFAULT '',
    actor_name     TEXT NOT NULL DEFAULT '',
    reason         TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('running', 'paused', 'canceled', 'finished')),
    halt           TEXT NOT NULL DEFAULT '',
    per_minute     INTEGER NOT NULL,
    total          INTEGER NOT NULL,
    sent           INTEGER NOT NULL DEFAULT 0,
    skipped        INTEGER NOT NULL DEFAULT 0,
    arrived        INTEGER NOT NULL DEFAULT 0,
    failed         INTEGER NOT NULL DEFAULT 0,
    failed_in_row  INTEGER NOT NULL DEFAULT 0,
    position       TEXT NOT NULL DEFAULT '',
    walked         BOOLEAN NOT NULL DEFAULT FALSE,
    lease_until    DATETIME,
    created_at     DATETIME NOT NULL,
    updated_at     DATETIME NOT NULL
);
CREATE INDEX replays_merchant ON replays (merchant_id, id);
CREATE INDEX replays_lease ON replays (lease_until) WHERE status = 'running';
-- An endpoint has one at a time.
CREATE UNIQUE INDEX replays_open ON replays (endpoint_id) WHERE status IN ('running', 'paused');

-- Deliveries are deleted with their events, which may be before their replay:
-- that is why nothing refers to them.
CREATE TABLE replay_items (
    replay_id    TEXT NOT NULL REFERENCES replays (id) ON DELETE CASCADE,
    delivery_id  TEXT NOT NULL,
    outcome      TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'arrived', 'failed', 'skipped')),
    code         TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (replay_id, delivery_id)
);
CREATE INDEX replay_items_under_way ON replay_items (replay_id) WHERE outcome = '';

-- What an endpoint has not got, without a look at all that it has.
CREATE INDEX deliveries_failed ON deliveries (endpoint_id, id) WHERE status IN ('retrying', 'exhausted', 'canceled');
