-- +goose Up
ALTER TABLE payments ADD COLUMN method_customer TEXT NOT NULL DEFAULT '';
-- Reserved by refunds that may still succeed: together with what was given back
-- never more than was taken.
ALTER TABLE payments ADD COLUMN amount_refund_pending BIGINT NOT NULL DEFAULT 0
    CHECK (amount_refund_pending >= 0 AND amount_refunded + amount_refund_pending <= amount_captured);
ALTER TABLE payments ADD COLUMN amount_disputed BIGINT NOT NULL DEFAULT 0 CHECK (amount_disputed >= 0);
-- What a human must look at although the status is settled; empty: nothing.
ALTER TABLE payments ADD COLUMN issue TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN claimed_by TEXT COLLATE "C" REFERENCES users (id);
ALTER TABLE payments ADD COLUMN claimed_at TIMESTAMPTZ;
CREATE INDEX payments_retry ON payments (next_retry_at) WHERE next_retry_at IS NOT NULL;
CREATE INDEX payments_issue ON payments (id) WHERE issue <> '';
CREATE INDEX payments_claimed ON payments (claimed_by, id) WHERE claimed_by IS NOT NULL;
CREATE INDEX payments_token ON payments (merchant_id, method_token) WHERE method_token <> '';

ALTER TABLE attempts ADD COLUMN amount BIGINT NOT NULL DEFAULT 0 CHECK (amount >= 0);
ALTER TABLE attempts ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts DROP CONSTRAINT attempts_cause_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_cause_check
    CHECK (cause IN ('api', 'auto_retry', 'manual_retry', 'manual', 'failover', 'inquiry'));

ALTER TABLE refunds ADD COLUMN order_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN gateway_account_id TEXT COLLATE "C" REFERENCES gateway_accounts (id);
ALTER TABLE refunds ADD COLUMN cause TEXT NOT NULL DEFAULT 'api' CHECK (cause IN ('api', 'manual', 'provider'));
ALTER TABLE refunds ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN inquiries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN next_retry_at TIMESTAMPTZ;
ALTER TABLE refunds ADD COLUMN lease_until TIMESTAMPTZ;
ALTER TABLE refunds ADD COLUMN started_at TIMESTAMPTZ;
ALTER TABLE refunds ADD COLUMN finished_at TIMESTAMPTZ;
CREATE UNIQUE INDEX refunds_provider_reference ON refunds (gateway_account_id, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX refunds_merchant ON refunds (merchant_id, id);
CREATE INDEX refunds_status ON refunds (status, id);
CREATE INDEX refunds_lease ON refunds (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE disputes (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    payment_id          TEXT COLLATE "C" NOT NULL REFERENCES payments (id),
    order_id            TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    gateway_account_id  TEXT COLLATE "C" NOT NULL REFERENCES gateway_accounts (id),
    provider_reference  TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('inquiry', 'inquiry_closed', 'needs_response', 'under_review', 'won',
                            'lost', 'expired', 'accepted')),
    amount              BIGINT NOT NULL CHECK (amount >= 0),
    currency            TEXT NOT NULL,
    reason              TEXT NOT NULL DEFAULT '',
    money_moved         BOOLEAN NOT NULL DEFAULT FALSE,
    respond_by          TIMESTAMPTZ,
    told_at             TIMESTAMPTZ,
    closed_at           TIMESTAMPTZ,
    created_at          TIMESTAMPTZ NOT NULL,
    updated_at          TIMESTAMPTZ NOT NULL,
    UNIQUE (gateway_account_id, provider_reference)
);
CREATE INDEX disputes_merchant ON disputes (merchant_id, id);
CREATE INDEX disputes_payment ON disputes (payment_id, id);
CREATE INDEX disputes_open ON disputes (merchant_id, respond_by) WHERE closed_at IS NULL;

-- What providers told by webhook: verified, kept as it came, applied afterwards.
CREATE TABLE inbound_events (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT COLLATE "C" NOT NULL REFERENCES gateway_accounts (id),
    event_id            TEXT NOT NULL,
    type                TEXT NOT NULL,
    subject             TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('received', 'applied', 'ignored_stale', 'unmatched', 'error')),
    detail              TEXT NOT NULL DEFAULT '',
    body                TEXT NOT NULL,
    payment_id          TEXT COLLATE "C" REFERENCES payments (id),
    duplicates          BIGINT NOT NULL DEFAULT 0,
    tries               BIGINT NOT NULL DEFAULT 0,
    lease_until         TIMESTAMPTZ,
    occurred_at         TIMESTAMPTZ,
    received_at         TIMESTAMPTZ NOT NULL,
    applied_at          TIMESTAMPTZ,
    UNIQUE (gateway_account_id, event_id)
);
CREATE INDEX inbound_events_merchant ON inbound_events (merchant_id, id);
CREATE INDEX inbound_events_account ON inbound_events (gateway_account_id, id);
CREATE INDEX inbound_events_status ON inbound_events (status, id);
CREATE INDEX inbound_events_payment ON inbound_events (payment_id, id) WHERE payment_id IS NOT NULL;
CREATE INDEX inbound_events_lease ON inbound_events (lease_until) WHERE lease_until IS NOT NULL;

-- Every request to a provider with its answer, masked.
CREATE TABLE provider_calls (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT COLLATE "C" REFERENCES gateway_accounts (id),
    payment_id          TEXT COLLATE "C" REFERENCES payments (id),
    object_id           TEXT COLLATE "C" NOT NULL,
    purpose             TEXT NOT NULL,
    method              TEXT NOT NULL,
    url                 TEXT NOT NULL,
    request             TEXT NOT NULL DEFAULT '',
    status              BIGINT NOT NULL DEFAULT 0,
    answer              TEXT NOT NULL DEFAULT '',
    error               TEXT NOT NULL DEFAULT '',
    request_id          TEXT NOT NULL DEFAULT '',
    latency_ms          BIGINT NOT NULL DEFAULT 0,
    started_at          TIMESTAMPTZ NOT NULL
);
CREATE INDEX provider_calls_payment ON provider_calls (payment_id, id);
CREATE INDEX provider_calls_age ON provider_calls (started_at);

-- Protection of providers: what all nodes share.
ALTER TABLE gateway_accounts ADD COLUMN rate_limit BIGINT NOT NULL DEFAULT 20 CHECK (rate_limit > 0);
ALTER TABLE gateway_accounts ADD COLUMN rate_second TIMESTAMPTZ;
ALTER TABLE gateway_accounts ADD COLUMN rate_taken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gateway_accounts ADD COLUMN breaker_open_until TIMESTAMPTZ;
ALTER TABLE gateway_accounts ADD COLUMN breaker_reset_at TIMESTAMPTZ;
ALTER TABLE gateway_accounts ADD COLUMN caught_up_at TIMESTAMPTZ;

-- What a merchant's payments do by themselves; no row: the defaults.
CREATE TABLE payment_rules (
    merchant_id  TEXT COLLATE "C" PRIMARY KEY REFERENCES merchants (id),
    rules        TEXT NOT NULL,
    updated_by   TEXT NOT NULL DEFAULT '',
    updated_at   TIMESTAMPTZ NOT NULL
);

CREATE TABLE bulk_retries (
    id            TEXT COLLATE "C" PRIMARY KEY,
    merchant_id   TEXT COLLATE "C" REFERENCES merchants (id),
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    reason        TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('running', 'paused', 'canceled', 'finished')),
    per_minute    BIGINT NOT NULL CHECK (per_minute > 0),
    total         BIGINT NOT NULL,
    retried       BIGINT NOT NULL DEFAULT 0,
    refused       BIGINT NOT NULL DEFAULT 0,
    lease_until   TIMESTAMPTZ,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL
);
CREATE INDEX bulk_retries_lease ON bulk_retries (lease_until) WHERE status = 'running';
CREATE TABLE bulk_retry_items (
    bulk_retry_id  TEXT COLLATE "C" NOT NULL REFERENCES bulk_retries (id),
    position       BIGINT NOT NULL,
    merchant_id    TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    payment_id     TEXT COLLATE "C" NOT NULL REFERENCES payments (id),
    verdict        TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'retried', 'refused')),
    code           TEXT NOT NULL DEFAULT '',
    done_at        TIMESTAMPTZ,
    PRIMARY KEY (bulk_retry_id, position),
    UNIQUE (bulk_retry_id, payment_id)
);

-- Settlement files of providers and how their lines match what is stored.
CREATE TABLE settlement_files (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    gateway_account_id  TEXT COLLATE "C" NOT NULL REFERENCES gateway_accounts (id),
    name                TEXT NOT NULL,
    format              TEXT NOT NULL,
    digest              TEXT NOT NULL,
    lines               BIGINT NOT NULL DEFAULT 0,
    differences         BIGINT NOT NULL DEFAULT 0,
    imported_by         TEXT NOT NULL DEFAULT '',
    covers_from         TIMESTAMPTZ,
    covers_to           TIMESTAMPTZ,
    created_at          TIMESTAMPTZ NOT NULL,
    UNIQUE (gateway_account_id, digest)
);
CREATE INDEX settlement_files_merchant ON settlement_files (merchant_id, id);
CREATE TABLE settlement_lines (
    file_id             TEXT COLLATE "C" NOT NULL REFERENCES settlement_files (id),
    position            BIGINT NOT NULL,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    kind                TEXT NOT NULL CHECK (kind IN ('charge', 'refund', 'dispute', 'fee', 'payout', 'other')),
    line_id             TEXT NOT NULL DEFAULT '',
    provider_reference  TEXT NOT NULL DEFAULT '',
    reference           TEXT NOT NULL DEFAULT '',
    amount              BIGINT NOT NULL,
    fee                 BIGINT NOT NULL DEFAULT 0,
    currency            TEXT NOT NULL,
    occurred_at         TIMESTAMPTZ,
    payment_id          TEXT COLLATE "C" REFERENCES payments (id),
    refund_id           TEXT COLLATE "C" REFERENCES refunds (id),
    difference          TEXT NOT NULL DEFAULT '' CHECK (difference IN ('', 'missing_here', 'missing_there', 'amount_differs', 'duplicate')),
    PRIMARY KEY (file_id, position)
);
CREATE INDEX settlement_lines_difference ON settlement_lines (file_id) WHERE difference <> '';
CREATE INDEX settlement_lines_payment ON settlement_lines (payment_id) WHERE payment_id IS NOT NULL;
