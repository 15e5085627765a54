-- +goose Up
-- What is wrong, one row for each time that it was: the partial index lets one
-- of two evaluations that find the same thing open it.
CREATE TABLE incidents (
    id                  TEXT PRIMARY KEY,
    key                 TEXT NOT NULL,
    kind                TEXT NOT NULL,
    severity            TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    merchant_id         TEXT REFERENCES merchants (id),
    shared              BOOLEAN NOT NULL,
    object_id           TEXT NOT NULL DEFAULT '',
    detail              TEXT NOT NULL,
    opened_at           DATETIME NOT NULL,
    seen_at             DATETIME NOT NULL,
    clear_since         DATETIME,
    resolved_at         DATETIME,
    told                INTEGER NOT NULL DEFAULT 0,
    told_at             DATETIME,
    next_tell_at        DATETIME,
    acknowledged_at     DATETIME,
    acknowledged_by     TEXT NOT NULL DEFAULT '',
    acknowledge_reason  TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE resolved_at IS NULL;
CREATE INDEX incidents_told ON incidents (key, told_at);
CREATE INDEX incidents_kind ON incidents (kind, id);
CREATE INDEX incidents_merchant ON incidents (merchant_id, id);

-- What was found and has not lasted long enough yet to be an incident.
CREATE TABLE alert_findings (
    key    TEXT PRIMARY KEY,
    kind   TEXT NOT NULL,
    since  DATETIME NOT NULL
);

-- What nobody wants to hear of for a while, whether it is open or not.
CREATE TABLE alert_silences (
    key         TEXT PRIMARY KEY,
    until       DATETIME NOT NULL,
    reason      TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  DATETIME NOT NULL
);

-- What differs from the rules as they come.
CREATE TABLE alert_rules (
    kind        TEXT PRIMARY KEY,
    enabled     BOOLEAN NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    limits      TEXT NOT NULL,
    updated_by  TEXT NOT NULL,
    updated_at  DATETIME NOT NULL
);

-- Where messages go: of operators, or of the merchant about its own things.
CREATE TABLE alert_channels (
    id            TEXT PRIMARY KEY,
    merchant_id   TEXT REFERENCES merchants (id),
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    base_url      TEXT NOT NULL DEFAULT '',
    fields        TEXT NOT NULL,
    sealed        TEXT NOT NULL,
    hints         TEXT NOT NULL,
    enabled       BOOLEAN NOT NULL DEFAULT TRUE,
    language      TEXT NOT NULL DEFAULT '',
    timezone      TEXT NOT NULL DEFAULT '',
    critical      BOOLEAN NOT NULL DEFAULT FALSE,
    kinds         TEXT NOT NULL,
    quiet_from    TEXT NOT NULL DEFAULT '',
    quiet_to      TEXT NOT NULL DEFAULT '',
    tested_at     DATETIME,
    test_ok       BOOLEAN NOT NULL DEFAULT FALSE,
    test_result   TEXT NOT NULL DEFAULT '',
    test_detail   TEXT NOT NULL DEFAULT '',
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX alert_channels_merchant ON alert_channels (merchant_id, id);

-- Which mails a person wants. Without a row a role's default counts.
CREATE TABLE alert_subscriptions (
    user_id     TEXT PRIMARY KEY REFERENCES users (id),
    enabled     BOOLEAN NOT NULL,
    critical    BOOLEAN NOT NULL DEFAULT FALSE,
    kinds       TEXT NOT NULL,
    quiet_from  TEXT NOT NULL DEFAULT '',
    quiet_to    TEXT NOT NULL DEFAULT '',
    updated_at  DATETIME NOT NULL
);

-- Messages on their way, made with the change that they tell of.
CREATE TABLE alert_messages (
    id           TEXT PRIMARY KEY,
    incident_id  TEXT REFERENCES incidents (id),
    merchant_id  TEXT REFERENCES merchants (id),
    kind         TEXT NOT NULL CHECK (kind IN ('opened', 'reminder', 'resolved', 'digest')),
    number       INTEGER NOT NULL,
    target       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('held', 'queued', 'sent', 'failed', 'digested', 'dropped')),
    tries        INTEGER NOT NULL DEFAULT 0,
    error        TEXT NOT NULL DEFAULT '',
    next_at      DATETIME,
    lease_until  DATETIME,
    digest_id    TEXT,
    created_at   DATETIME NOT NULL,
    sent_at      DATETIME,
    UNIQUE (incident_id, kind, number, target)
);
CREATE INDEX alert_messages_due ON alert_messages (next_at) WHERE state IN ('held', 'queued');
CREATE INDEX alert_messages_digest ON alert_messages (digest_id) WHERE digest_id IS NOT NULL;

-- Whose turn it is to evaluate, one of all nodes.
CREATE TABLE alert_clock (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    node          TEXT NOT NULL DEFAULT '',
    turn          INTEGER NOT NULL DEFAULT 0,
    evaluated_at  DATETIME,
    heartbeat_at  DATETIME
);
INSERT INTO alert_clock (id) VALUES (1);

-- How calls and charges of payment accounts went, by minute and then by hour.
-- The shard keeps charges of one account from waiting for each other.
CREATE TABLE gateway_minutes (
    gateway_account_id  TEXT NOT NULL REFERENCES gateway_accounts (id),
    minute              DATETIME NOT NULL,
    shard               INTEGER NOT NULL,
    calls               INTEGER NOT NULL,
    failed              INTEGER NOT NULL,
    succeeded           INTEGER NOT NULL,
    declined            INTEGER NOT NULL,
    PRIMARY KEY (gateway_account_id, minute, shard)
);
CREATE INDEX gateway_minutes_age ON gateway_minutes (minute);
CREATE TABLE gateway_hours (
    gateway_account_id  TEXT NOT NULL REFERENCES gateway_accounts (id),
    hour                DATETIME NOT NULL,
    calls               INTEGER NOT NULL,
    failed              INTEGER NOT NULL,
    succeeded           INTEGER NOT NULL,
    declined            INTEGER NOT NULL,
    PRIMARY KEY (gateway_account_id, hour)
);
CREATE INDEX gateway_hours_age ON gateway_hours (hour);
-- Since when the provider refuses the account's credentials.
ALTER TABLE gateway_accounts ADD COLUMN refused_at DATETIME;
ALTER TABLE gateway_accounts ADD COLUMN refused_code TEXT NOT NULL DEFAULT '';

-- Webhooks that were given up, by when.
CREATE INDEX deliveries_exhausted ON deliveries (updated_at) WHERE status = 'exhausted';
