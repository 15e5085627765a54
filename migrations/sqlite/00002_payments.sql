-- +goose Up
ALTER TABLE payments ADD COLUMN method_customer TEXT NOT NULL DEFAULT '';
-- Reserved by refunds that may still succeed: together with what was given back
-- never more than was taken.
ALTER TABLE payments ADD COLUMN amount_refund_pending INTEGER NOT NULL DEFAULT 0
    CHECK (amount_refund_pending >= 0 AND amount_refunded + amount_refund_pending <= amount_captured);
ALTER TABLE payments ADD COLUMN amount_disputed INTEGER NOT NULL DEFAULT 0 CHECK (amount_disputed >= 0);
-- What a human must look at although the status is settled; empty: nothing.
ALTER TABLE payments ADD COLUMN issue TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN claimed_by TEXT REFERENCES users (id);
ALTER TABLE payments ADD COLUMN claimed_at DATETIME;
CREATE INDEX payments_retry ON payments (next_retry_at) WHERE next_retry_at IS NOT NULL;
CREATE INDEX payments_issue ON payments (id) WHERE issue <> '';
CREATE INDEX payments_claimed ON payments (claimed_by, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX payments_token ON payments (merchant_id, method_token) WHERE method_token <> '';

-- SQLite cannot widen a CHECK: the table is made anew.
CREATE TABLE attempts_new (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    payment_id          TEXT NOT NULL REFERENCES payments (id),
    gateway_account_id  TEXT REFERENCES gateway_accounts (id),
    number              INTEGER NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('charge', 'capture', 'void')),
    amount              INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0),
    status              TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'succeeded', 'authorized', 'requires_action',
                            'declined', 'not_sent', 'unknown')),
    cause               TEXT NOT NULL CHECK (cause IN ('api', 'auto_retry', 'manual_retry', 'manual', 'failover', 'inquiry')),
    actor_id            TEXT NOT NULL DEFAULT '',
    reason              TEXT NOT NULL DEFAULT '',
    idempotency_key     TEXT NOT NULL UNIQUE,
    provider_reference  TEXT,
    code                TEXT NOT NULL DEFAULT '',
    class               TEXT NOT NULL DEFAULT '',
    network             TEXT NOT NULL DEFAULT '',
    network_code        TEXT NOT NULL DEFAULT '',
    advice              TEXT NOT NULL DEFAULT '',
    message             TEXT NOT NULL DEFAULT '',
    http_status         INTEGER NOT NULL DEFAULT 0,
    request_id          TEXT NOT NULL DEFAULT '',
    latency_ms          INTEGER NOT NULL DEFAULT 0,
    raw                 TEXT NOT NULL DEFAULT '',
    inquiries           INTEGER NOT NULL DEFAULT 0,
    lease_until         DATETIME,
    created_at          DATETIME NOT NULL,
    started_at          DATETIME,
    finished_at         DATETIME,
    UNIQUE (payment_id, number)
);
INSERT INTO attempts_new (id, merchant_id, payment_id, gateway_account_id, number, kind, status, cause, actor_id, reason,
        idempotency_key, provider_reference, code, class, network_code, advice, message, http_status, request_id, latency_ms,
        raw, inquiries, lease_until, created_at, started_at, finished_at)
    SELECT id, merchant_id, payment_id, gateway_account_id, number, kind, status, cause, actor_id, reason,
        idempotency_key, provider_reference, code, class, network_code, advice, message, http_status, request_id, latency_ms,
        raw, inquiries, lease_until, created_at, started_at, finished_at FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_new RENAME TO attempts;
-- At most one attempt of a payment may be able to move money.
CREATE UNIQUE INDEX attempts_one_open ON attempts (payment_id)
    WHERE status IN ('queued', 'sending', 'requires_action', 'unknown');
CREATE UNIQUE INDEX attempts_provider_reference ON attempts (gateway_account_id, kind, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX attempts_lease ON attempts (lease_until)
    WHERE status IN ('queued', 'sending', 'requires_action', 'unknown');

ALTER TABLE refunds ADD COLUMN order_id TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN gateway_account_id TEXT REFERENCES gateway_accounts (id);
ALTER TABLE refunds ADD COLUMN cause TEXT NOT NULL DEFAULT 'api' CHECK (cause IN ('api', 'manual', 'provider'));
ALTER TABLE refunds ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN inquiries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN next_retry_at DATETIME;
ALTER TABLE refunds ADD COLUMN lease_until DATETIME;
ALTER TABLE refunds ADD COLUMN started_at DATETIME;
ALTER TABLE refunds ADD COLUMN finished_at DATETIME;
CREATE UNIQUE INDEX refunds_provider_reference ON refunds (gateway_account_id, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX refunds_merchant ON refunds (merchant_id, id);
CREATE INDEX refunds_status ON refunds (status, id);
CREATE INDEX refunds_lease ON refunds (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE disputes (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    payment_id          TEXT NOT NULL REFERENCES payments (id),
    order_id            TEXT NOT NULL REFERENCES orders (id),
    gateway_account_id  TEXT NOT NULL REFERENCES gateway_accounts (id),
    provider_reference  TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('inquiry', 'inquiry_closed', 'needs_response', 'under_review', 'won',
                            'lost', 'expired', 'accepted')),
    amount              INTEGER NOT NULL CHECK (amount >= 0),
    currency            TEXT NOT NULL,
    reason              TEXT NOT NULL DEFAULT '',
    money_moved         BOOLEAN NOT NULL DEFAULT FALSE,
    respond_by          DATETIME,
    told_at             DATETIME,
    closed_at           DATETIME,
    created_at          DATETIME NOT NULL,
    updated_at          DATETIME NOT NULL,
    UNIQUE (gateway_account_id, provider_reference)
);
CREATE INDEX disputes_merchant ON disputes (merchant_id, id);
CREATE INDEX disputes_payment ON disputes (payment_id, id);
CREATE INDEX disputes_open ON disputes (merchant_id, respond_by) WHERE closed_at IS NULL;

-- What providers told by webhook: verified, kept as it came, applied afterwards.
CREATE TABLE inbound_events (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT NOT NULL REFERENCES gateway_accounts (id),
    event_id            TEXT NOT NULL,
    type                TEXT NOT NULL,
    subject             TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('received', 'applied', 'ignored_stale', 'unmatched', 'error')),
    detail              TEXT NOT NULL DEFAULT '',
    body                TEXT NOT NULL,
    payment_id          TEXT REFERENCES payments (id),
    duplicates          INTEGER NOT NULL DEFAULT 0,
    tries               INTEGER NOT NULL DEFAULT 0,
    lease_until         DATETIME,
    occurred_at         DATETIME,
    received_at         DATETIME NOT NULL,
    applied_at          DATETIME,
    UNIQUE (gateway_account_id, event_id)
);
CREATE INDEX inbound_events_merchant ON inbound_events (merchant_id, id);
CREATE INDEX inbound_events_account ON inbound_events (gateway_account_id, id);
CREATE INDEX inbound_events_status ON inbound_events (status, id);
CREATE INDEX inbound_events_payment ON inbound_events (payment_id, id) WHERE payment_id IS NOT NULL;
CREATE INDEX inbound_events_lease ON inbound_events (lease_until) WHERE lease_until IS NOT NULL;

-- Every request to a provider with its answer, masked.
CREATE TABLE provider_calls (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT REFERENCES gateway_accounts (id),
    payment_id          TEXT REFERENCES payments (id),
    object_id           TEXT NOT NULL,
    purpose             TEXT NOT NULL,
    method              TEXT NOT NULL,
    url                 TEXT NOT NULL,
    request             TEXT NOT NULL DEFAULT '',
    status              INTEGER NOT NULL DEFAULT 0,
    answer              TEXT NOT NULL DEFAULT '',
    error               TEXT NOT NULL DEFAULT '',
    request_id          TEXT NOT NULL DEFAULT '',
    latency_ms          INTEGER NOT NULL DEFAULT 0,
    started_at          DATETIME NOT NULL
);
CREATE INDEX provider_calls_payment ON provider_calls (payment_id, id);
CREATE INDEX provider_calls_age ON provider_calls (started_at);

-- Protection of providers: what all nodes share.
ALTER TABLE gateway_accounts ADD COLUMN rate_limit INTEGER NOT NULL DEFAULT 20 CHECK (rate_limit > 0);
ALTER TABLE gateway_accounts ADD COLUMN rate_second DATETIME;
ALTER TABLE gateway_accounts ADD COLUMN rate_taken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE gateway_accounts ADD COLUMN breaker_open_until DATETIME;
ALTER TABLE gateway_accounts ADD COLUMN breaker_reset_at DATETIME;
ALTER TABLE gateway_accounts ADD COLUMN caught_up_at DATETIME;

-- What a merchant's payments do by themselves; no row: the defaults.
CREATE TABLE payment_rules (
    merchant_id  TEXT PRIMARY KEY REFERENCES merchants (id),
    rules        TEXT NOT NULL,
    updated_by   TEXT NOT NULL DEFAULT '',
    updated_at   DATETIME NOT NULL
);

CREATE TABLE bulk_retries (
    id            TEXT PRIMARY KEY,
    merchant_id   TEXT REFERENCES merchants (id),
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    reason        TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('running', 'paused', 'canceled', 'finished')),
    per_minute    INTEGER NOT NULL CHECK (per_minute > 0),
    total         INTEGER NOT NULL,
    retried       INTEGER NOT NULL DEFAULT 0,
    refused       INTEGER NOT NULL DEFAULT 0,
    lease_until   DATETIME,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX bulk_retries_lease ON bulk_retries (lease_until) WHERE status = 'running';
CREATE TABLE bulk_retry_items (
    bulk_retry_id  TEXT NOT NULL REFERENCES bulk_retries (id),
    position       INTEGER NOT NULL,
    merchant_id    TEXT NOT NULL REFERENCES merchants (id),
    payment_id     TEXT NOT NULL REFERENCES payments (id),
    verdict        TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'retried', 'refused')),
    code           TEXT NOT NULL DEFAULT '',
    done_at        DATETIME,
    PRIMARY KEY (bulk_retry_id, position),
    UNIQUE (bulk_retry_id, payment_id)
);

-- Settlement files of providers and how their lines match what is stored.
CREATE TABLE settlement_files (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT NOT NULL REFERENCES gateway_accounts (id),
    name                TEXT NOT NULL,
    format              TEXT NOT NULL,
    digest              TEXT NOT NULL,
    lines               INTEGER NOT NULL DEFAULT 0,
    differences         INTEGER NOT NULL DEFAULT 0,
    imported_by         TEXT NOT NULL DEFAULT '',
    covers_from         DATETIME,
    covers_to           DATETIME,
    created_at          DATETIME NOT NULL,
    UNIQUE (gateway_account_id, digest)
);
CREATE INDEX settlement_files_merchant ON settlement_files (merchant_id, id);
CREATE TABLE settlement_lines (
    file_id             TEXT NOT NULL REFERENCES settlement_files (id),
    position            INTEGER NOT NULL,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    kind                TEXT NOT NULL CHECK (kind IN ('charge', 'refund', 'dispute', 'fee', 'payout', 'other')),
    line_id             TEXT NOT NULL DEFAULT '',
    provider_reference  TEXT NOT NULL DEFAULT '',
    reference           TEXT NOT NULL DEFAULT '',
    amount              INTEGER NOT NULL,
    fee                 INTEGER NOT NULL DEFAULT 0,
    currency            TEXT NOT NULL,
    occurred_at         DATETIME,
    payment_id          TEXT REFERENCES payments (id),
    refund_id           TEXT REFERENCES refunds (id),
    difference          TEXT NOT NULL DEFAULT '' CHECK (difference IN ('', 'missing_here', 'missing_there', 'amount_differs', 'duplicate')),
    PRIMARY KEY (file_id, position)
);
CREATE INDEX settlement_lines_difference ON settlement_lines (file_id) WHERE difference <> '';
CREATE INDEX settlement_lines_payment ON settlement_lines (payment_id) WHERE payment_id IS NOT NULL;
