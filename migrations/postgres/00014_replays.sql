-- +goose Up
-- Events that are sent to an endpoint once more, many of them one after the other.
CREATE TABLE replays (
    id             TEXT COLLATE "C" PRIMARY KEY,
    merchant_id    TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    endpoint_id    TEXT COLLATE "C" NOT NULL REFERENCES webhook_endpoints (id),
    kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('failed', 'missed', 'all')),
    event_type     TEXT COLLATE "C" NOT NULL DEFAULT '',
    since          TIMESTAMPTZ NOT NULL,
    until          TIMESTAMPTZ NOT NULL,
    actor_id       TEXT COLLATE "C" NOT NULL DEFAULT '',
    actor_name     TEXT NOT NULL DEFAULT '',
    reason         TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('running', 'paused', 'canceled', 'finished')),
    halt           TEXT NOT NULL DEFAULT '',
    per_minute     BIGINT NOT NULL,
    total          BIGINT NOT NULL,
    sent           BIGINT NOT NULL DEFAULT 0,
    skipped        BIGINT NOT NULL DEFAULT 0,
    arrived        BIGINT NOT NULL DEFAULT 0,
    failed         BIGINT NOT NULL DEFAULT 0,
    failed_in_row  BIGINT NOT NULL DEFAULT 0,
    position       TEXT COLLATE "C" NOT NULL DEFAULT '',
    walked         BOOLEAN NOT NULL DEFAULT FALSE,
    lease_until    TIMESTAMPTZ,
    created_at     TIMESTAMPTZ NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX replays_merchant ON replays (merchant_id, id);
CREATE INDEX replays_lease ON replays (lease_until) WHERE status = 'running';
-- An endpoint has one at a time.
CREATE UNIQUE INDEX replays_open ON replays (endpoint_id) WHERE status IN ('running', 'paused');

-- Deliveries are deleted with their events, which may be before their replay:
-- that is why nothing refers to them.
CREATE TABLE replay_items (
    replay_id    TEXT COLLATE "C" NOT NULL REFERENCES replays (id) ON DELETE CASCADE,
    delivery_id  TEXT COLLATE "C" NOT NULL,
    outcome      TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'arrived', 'failed', 'skipped')),
    code         TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (replay_id, delivery_id)
);
CREATE INDEX replay_items_under_way ON replay_items (replay_id) WHERE outcome = '';

-- What an endpoint has not got, without a look at all that it has.
CREATE INDEX deliveries_failed ON deliveries (endpoint_id, id) WHERE status IN ('retrying', 'exhausted', 'canceled');
