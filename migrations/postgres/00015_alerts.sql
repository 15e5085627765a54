-- +goose Up
-- What is wrong, one row for each time that it was: the partial index lets one
-- of two evaluations that find the same thing open it.
CREATE TABLE incidents (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    key                 TEXT COLLATE "C" NOT NULL,
    kind                TEXT NOT NULL,
    severity            TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    merchant_id         TEXT COLLATE "C" REFERENCES merchants (id),
    shared              BOOLEAN NOT NULL,
    object_id           TEXT COLLATE "C" NOT NULL DEFAULT '',
    detail              JSON NOT NULL,
    opened_at           TIMESTAMPTZ NOT NULL,
    seen_at             TIMESTAMPTZ NOT NULL,
    clear_since         TIMESTAMPTZ,
    resolved_at         TIMESTAMPTZ,
    told                BIGINT NOT NULL DEFAULT 0,
    told_at             TIMESTAMPTZ,
    next_tell_at        TIMESTAMPTZ,
    acknowledged_at     TIMESTAMPTZ,
    acknowledged_by     TEXT NOT NULL DEFAULT '',
    acknowledge_reason  TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX incidents_open ON incidents (key) WHERE resolved_at IS NULL;
CREATE INDEX incidents_told ON incidents (key, told_at);
CREATE INDEX incidents_kind ON incidents (kind, id);
CREATE INDEX incidents_merchant ON incidents (merchant_id, id);

-- What was found and has not lasted long enough yet to be an incident.
CREATE TABLE alert_findings (
    key    TEXT COLLATE "C" PRIMARY KEY,
    kind   TEXT NOT NULL,
    since  TIMESTAMPTZ NOT NULL
);

-- What nobody wants to hear of for a while, whether it is open or not.
CREATE TABLE alert_silences (
    key         TEXT COLLATE "C" PRIMARY KEY,
    until       TIMESTAMPTZ NOT NULL,
    reason      TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);

-- What differs from the rules as they come.
CREATE TABLE alert_rules (
    kind        TEXT PRIMARY KEY,
    enabled     BOOLEAN NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
    limits      JSON NOT NULL,
    updated_by  TEXT NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

-- Where messages go: of operators, or of the merchant about its own things.
CREATE TABLE alert_channels (
    id            TEXT COLLATE "C" PRIMARY KEY,
    merchant_id   TEXT COLLATE "C" REFERENCES merchants (id),
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    base_url      TEXT NOT NULL DEFAULT '',
    fields        JSON NOT NULL,
    sealed        JSON NOT NULL,
    hints         JSON NOT NULL,
    enabled       BOOLEAN NOT NULL DEFAULT TRUE,
    language      TEXT NOT NULL DEFAULT '',
    timezone      TEXT NOT NULL DEFAULT '',
    critical      BOOLEAN NOT NULL DEFAULT FALSE,
    kinds         JSON NOT NULL,
    quiet_from    TEXT NOT NULL DEFAULT '',
    quiet_to      TEXT NOT NULL DEFAULT '',
    tested_at     TIMESTAMPTZ,
    test_ok       BOOLEAN NOT NULL DEFAULT FALSE,
    test_result   TEXT NOT NULL DEFAULT '',
    test_detail   TEXT NOT NULL DEFAULT '',
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX alert_channels_merchant ON alert_channels (merchant_id, id);

-- Which mails a person wants. Without a row a role's default counts.
CREATE TABLE alert_subscriptions (
    user_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES users (id),
    enabled     BOOLEAN NOT NULL,
    critical    BOOLEAN NOT NULL DEFAULT FALSE,
    kinds       JSON NOT NULL,
    quiet_from  TEXT NOT NULL DEFAULT '',
    quiet_to    TEXT NOT NULL DEFAULT '',
    updated_at  TIMESTAMPTZ NOT NULL
);

-- Messages on their way, made with the change that they tell of.
CREATE TABLE alert_messages (
    id           TEXT COLLATE "C" PRIMARY KEY,
    incident_id  TEXT COLLATE "C" REFERENCES incidents (id),
    merchant_id  TEXT COLLATE "C" REFERENCES merchants (id),
    kind         TEXT NOT NULL CHECK (kind IN ('opened', 'reminder', 'resolved', 'digest')),
    number       BIGINT NOT NULL,
    target       TEXT COLLATE "C" NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('held', 'queued', 'sent', 'failed', 'digested', 'dropped')),
    tries        BIGINT NOT NULL DEFAULT 0,
    error        TEXT NOT NULL DEFAULT '',
    next_at      TIMESTAMPTZ,
    lease_until  TIMESTAMPTZ,
    digest_id    TEXT COLLATE "C",
    created_at   TIMESTAMPTZ NOT NULL,
    sent_at      TIMESTAMPTZ,
    UNIQUE (incident_id, kind, number, target)
);
CREATE INDEX alert_messages_due ON alert_messages (next_at) WHERE state IN ('held', 'queued');
CREATE INDEX alert_messages_digest ON alert_messages (digest_id) WHERE digest_id IS NOT NULL;

-- Whose turn it is to evaluate, one of all nodes.
CREATE TABLE alert_clock (
    id            BIGINT PRIMARY KEY CHECK (id = 1),
    node          TEXT NOT NULL DEFAULT '',
    turn          BIGINT NOT NULL DEFAULT 0,
    evaluated_at  TIMESTAMPTZ,
    heartbeat_at  TIMESTAMPTZ
);
INSERT INTO alert_clock (id) VALUES (1);

-- How calls and charges of payment accounts went, by minute and then by hour.
-- The shard keeps charges of one account from waiting for each other.
CREATE TABLE gateway_minutes (
    gateway_account_id  TEXT COLLATE "C" NOT NULL REFERENCES gateway_accounts (id),
    minute              TIMESTAMPTZ NOT NULL,
    shard               BIGINT NOT NULL,
    calls               BIGINT NOT NULL,
    failed              BIGINT NOT NULL,
    succeeded           BIGINT NOT NULL,
    declined            BIGINT NOT NULL,
    PRIMARY KEY (gateway_account_id, minute, shard)
);
CREATE INDEX gateway_minutes_age ON gateway_minutes (minute);
CREATE TABLE gateway_hours (
    gateway_account_id  TEXT COLLATE "C" NOT NULL REFERENCES gateway_accounts (id),
    hour                TIMESTAMPTZ NOT NULL,
    calls               BIGINT NOT NULL,
    failed              BIGINT NOT NULL,
    succeeded           BIGINT NOT NULL,
    declined            BIGINT NOT NULL,
    PRIMARY KEY (gateway_account_id, hour)
);
CREATE INDEX gateway_hours_age ON gateway_hours (hour);
-- Since when the provider refuses the account's credentials.
ALTER TABLE gateway_accounts ADD COLUMN refused_at TIMESTAMPTZ;
ALTER TABLE gateway_accounts ADD COLUMN refused_code TEXT NOT NULL DEFAULT '';

-- Webhooks that were given up, by when.
CREATE INDEX deliveries_exhausted ON deliveries (updated_at) WHERE status = 'exhausted';
