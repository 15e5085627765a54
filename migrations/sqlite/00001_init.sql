-- +goose Up
CREATE TABLE merchants (
    id          TEXT PRIMARY KEY,
    ref         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    currency    TEXT NOT NULL,
    timezone    TEXT NOT NULL,
    created_at  DATETIME NOT NULL
);

CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    merchant_id    TEXT REFERENCES merchants (id),
    email          TEXT NOT NULL UNIQUE,
    password_hash  TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('admin', 'support', 'merchant')),
    language       TEXT NOT NULL DEFAULT '',
    timezone       TEXT NOT NULL DEFAULT '',
    failed_logins  INTEGER NOT NULL DEFAULT 0,
    locked_until   DATETIME,
    last_login_at  DATETIME,
    disabled_at    DATETIME,
    created_at     DATETIME NOT NULL,
    CHECK ((role = 'merchant') = (merchant_id IS NOT NULL))
);

CREATE TABLE sessions (
    id_hash     TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    data        TEXT NOT NULL,
    ip          TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    created_at  DATETIME NOT NULL,
    seen_at     DATETIME NOT NULL,
    expires_at  DATETIME NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    merchant_id   TEXT NOT NULL REFERENCES merchants (id),
    name          TEXT NOT NULL,
    prefix        TEXT NOT NULL UNIQUE,
    hash          TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    last_used_at  DATETIME,
    revoked_at    DATETIME,
    created_at    DATETIME NOT NULL
);
CREATE INDEX api_keys_merchant ON api_keys (merchant_id, id);

CREATE TABLE gateway_accounts (
    id                TEXT PRIMARY KEY,
    merchant_id       TEXT NOT NULL REFERENCES merchants (id),
    kind              TEXT NOT NULL,
    name              TEXT NOT NULL,
    base_url          TEXT NOT NULL DEFAULT '',
    fields            TEXT NOT NULL,
    sealed            TEXT NOT NULL,
    hints             TEXT NOT NULL,
    position          INTEGER NOT NULL DEFAULT 0,
    enabled           BOOLEAN NOT NULL DEFAULT TRUE,
    tested_at         DATETIME,
    test_ok           BOOLEAN NOT NULL DEFAULT FALSE,
    test_message      TEXT NOT NULL DEFAULT '',
    test_latency_ms   INTEGER NOT NULL DEFAULT 0,
    created_at        DATETIME NOT NULL,
    updated_at        DATETIME NOT NULL,
    UNIQUE (merchant_id, name)
);

CREATE TABLE carrier_accounts (
    id                TEXT PRIMARY KEY,
    merchant_id       TEXT NOT NULL REFERENCES merchants (id),
    kind              TEXT NOT NULL,
    name              TEXT NOT NULL,
    base_url          TEXT NOT NULL DEFAULT '',
    fields            TEXT NOT NULL,
    sealed            TEXT NOT NULL,
    hints             TEXT NOT NULL,
    position          INTEGER NOT NULL DEFAULT 0,
    enabled           BOOLEAN NOT NULL DEFAULT TRUE,
    tested_at         DATETIME,
    test_ok           BOOLEAN NOT NULL DEFAULT FALSE,
    test_message      TEXT NOT NULL DEFAULT '',
    test_latency_ms   INTEGER NOT NULL DEFAULT 0,
    stopped_at        DATETIME,
    stop_reason       TEXT NOT NULL DEFAULT '',
    resume_at         DATETIME,
    budget_day        TEXT NOT NULL DEFAULT '',
    calls_today       INTEGER NOT NULL DEFAULT 0,
    next_call_at      DATETIME,
    failures          INTEGER NOT NULL DEFAULT 0,
    created_at        DATETIME NOT NULL,
    updated_at        DATETIME NOT NULL,
    UNIQUE (merchant_id, name)
);

CREATE TABLE orders (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    number              TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('open', 'completed', 'canceled')),
    currency            TEXT NOT NULL,
    amount              INTEGER NOT NULL CHECK (amount >= 0),
    customer_name       TEXT NOT NULL DEFAULT '',
    customer_email      TEXT NOT NULL DEFAULT '',
    customer_phone      TEXT NOT NULL DEFAULT '',
    shipping_address    TEXT NOT NULL,
    metadata            TEXT NOT NULL,
    placed_at           DATETIME NOT NULL,
    promised_at         DATETIME,
    -- What payments hold of this order, moved with each payment in its transaction.
    amount_pending      INTEGER NOT NULL DEFAULT 0 CHECK (amount_pending >= 0),
    amount_authorized   INTEGER NOT NULL DEFAULT 0 CHECK (amount_authorized >= 0),
    amount_paid         INTEGER NOT NULL DEFAULT 0 CHECK (amount_paid >= 0),
    amount_refunded     INTEGER NOT NULL DEFAULT 0 CHECK (amount_refunded >= 0),
    amount_disputed     INTEGER NOT NULL DEFAULT 0 CHECK (amount_disputed >= 0),
    -- What parcels hold of it.
    quantity_total      INTEGER NOT NULL DEFAULT 1,
    quantity_shipped    INTEGER NOT NULL DEFAULT 0,
    quantity_delivered  INTEGER NOT NULL DEFAULT 0,
    parcels             INTEGER NOT NULL DEFAULT 0,
    parcels_attention   INTEGER NOT NULL DEFAULT 0,
    payment_state       TEXT NOT NULL GENERATED ALWAYS AS (CASE
        WHEN amount_disputed > 0 THEN 'disputed'
        WHEN amount_refunded > 0 AND amount_refunded >= amount_paid THEN 'refunded'
        WHEN amount_refunded > 0 THEN 'partly_refunded'
        WHEN amount_paid > amount THEN 'overpaid'
        WHEN amount_paid = amount THEN 'paid'
        WHEN amount_paid > 0 THEN 'partly_paid'
        WHEN amount_authorized > 0 THEN 'authorized'
        ELSE 'unpaid' END) STORED,
    shipping_state      TEXT NOT NULL GENERATED ALWAYS AS (CASE
        WHEN parcels_attention > 0 THEN 'attention'
        WHEN quantity_delivered >= quantity_total THEN 'delivered'
        WHEN quantity_delivered > 0 THEN 'partly_delivered'
        WHEN quantity_shipped >= quantity_total THEN 'shipped'
        WHEN quantity_shipped > 0 THEN 'partly_shipped'
        ELSE 'unshipped' END) STORED,
    -- What merchants were told last, and the number of the order's last event.
    told_state          TEXT NOT NULL DEFAULT '',
    sequence            INTEGER NOT NULL DEFAULT 0,
    created_at          DATETIME NOT NULL,
    updated_at          DATETIME NOT NULL,
    UNIQUE (merchant_id, number)
);
CREATE INDEX orders_merchant ON orders (merchant_id, id);
CREATE INDEX orders_number ON orders (number);
CREATE INDEX orders_status ON orders (status, id);
CREATE INDEX orders_merchant_status ON orders (merchant_id, status, id);
CREATE INDEX orders_payment_state ON orders (payment_state, id);
CREATE INDEX orders_shipping_state ON orders (shipping_state, id);
CREATE INDEX orders_merchant_payment_state ON orders (merchant_id, payment_state, id);
CREATE INDEX orders_merchant_shipping_state ON orders (merchant_id, shipping_state, id);

CREATE TABLE order_items (
    order_id  TEXT NOT NULL REFERENCES orders (id),
    position  INTEGER NOT NULL,
    sku       TEXT NOT NULL DEFAULT '',
    name      TEXT NOT NULL,
    quantity  INTEGER NOT NULL CHECK (quantity > 0),
    amount    INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (order_id, position)
);

-- One row a word under which an order is found: its number, the customer's
-- names and e-mail, parcels' numbers, providers' references.
CREATE TABLE search_terms (
    term         TEXT NOT NULL,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    order_id     TEXT NOT NULL REFERENCES orders (id),
    PRIMARY KEY (term, order_id)
);
CREATE INDEX search_terms_merchant ON search_terms (merchant_id, term, order_id);

CREATE TABLE payments (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    order_id            TEXT NOT NULL REFERENCES orders (id),
    gateway_account_id  TEXT REFERENCES gateway_accounts (id),
    status              TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'requires_action', 'authorized', 'paid',
                            'failed', 'unknown', 'needs_review', 'voided', 'canceled', 'expired')),
    amount              INTEGER NOT NULL CHECK (amount >= 0),
    currency            TEXT NOT NULL,
    amount_captured     INTEGER NOT NULL DEFAULT 0 CHECK (amount_captured >= 0 AND amount_captured <= amount),
    amount_refunded     INTEGER NOT NULL DEFAULT 0 CHECK (amount_refunded >= 0 AND amount_refunded <= amount_captured),
    capture             TEXT NOT NULL CHECK (capture IN ('automatic', 'manual')),
    method_type         TEXT NOT NULL,
    method_token        TEXT NOT NULL DEFAULT '',
    return_url          TEXT NOT NULL DEFAULT '',
    description         TEXT NOT NULL DEFAULT '',
    metadata            TEXT NOT NULL,
    failure_code        TEXT NOT NULL DEFAULT '',
    failure_class       TEXT NOT NULL DEFAULT '',
    failure_message     TEXT NOT NULL DEFAULT '',
    retry_after         DATETIME,
    next_action         TEXT NOT NULL,
    next_retry_at       DATETIME,
    attempts            INTEGER NOT NULL DEFAULT 0,
    version             INTEGER NOT NULL DEFAULT 0,
    settled_at          DATETIME,
    created_at          DATETIME NOT NULL,
    updated_at          DATETIME NOT NULL
);
CREATE INDEX payments_merchant ON payments (merchant_id, id);
CREATE INDEX payments_merchant_status ON payments (merchant_id, status, id);
CREATE INDEX payments_status ON payments (status, id);
CREATE INDEX payments_order ON payments (order_id, id);
CREATE INDEX payments_gateway ON payments (gateway_account_id, id);

CREATE TABLE attempts (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    payment_id          TEXT NOT NULL REFERENCES payments (id),
    gateway_account_id  TEXT REFERENCES gateway_accounts (id),
    number              INTEGER NOT NULL,
    kind                TEXT NOT NULL CHECK (kind IN ('charge', 'capture', 'void')),
    status              TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'succeeded', 'authorized', 'requires_action',
                            'declined', 'not_sent', 'unknown')),
    cause               TEXT NOT NULL CHECK (cause IN ('api', 'auto_retry', 'manual_retry', 'failover', 'inquiry')),
    actor_id            TEXT NOT NULL DEFAULT '',
    reason              TEXT NOT NULL DEFAULT '',
    idempotency_key     TEXT NOT NULL UNIQUE,
    provider_reference  TEXT,
    code                TEXT NOT NULL DEFAULT '',
    class               TEXT NOT NULL DEFAULT '',
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
-- At most one attempt of a payment may be able to move money.
CREATE UNIQUE INDEX attempts_one_open ON attempts (payment_id)
    WHERE status IN ('queued', 'sending', 'requires_action', 'unknown');
CREATE UNIQUE INDEX attempts_provider_reference ON attempts (gateway_account_id, kind, provider_reference)
    WHERE provider_reference IS NOT NULL;
CREATE INDEX attempts_lease ON attempts (lease_until)
    WHERE status IN ('queued', 'sending', 'requires_action', 'unknown');

CREATE TABLE refunds (
    id                  TEXT PRIMARY KEY,
    merchant_id         TEXT NOT NULL REFERENCES merchants (id),
    payment_id          TEXT NOT NULL REFERENCES payments (id),
    status              TEXT NOT NULL CHECK (status IN ('requested', 'sending', 'pending', 'succeeded', 'failed', 'unknown')),
    amount              INTEGER NOT NULL CHECK (amount > 0),
    currency            TEXT NOT NULL,
    reason              TEXT NOT NULL DEFAULT '',
    idempotency_key     TEXT NOT NULL UNIQUE,
    provider_reference  TEXT,
    code                TEXT NOT NULL DEFAULT '',
    message             TEXT NOT NULL DEFAULT '',
    created_at          DATETIME NOT NULL,
    updated_at          DATETIME NOT NULL
);
CREATE INDEX refunds_payment ON refunds (payment_id, id);

CREATE TABLE shipments (
    id                    TEXT PRIMARY KEY,
    merchant_id           TEXT NOT NULL REFERENCES merchants (id),
    order_id              TEXT NOT NULL REFERENCES orders (id),
    carrier               TEXT NOT NULL,
    carrier_account_id    TEXT REFERENCES carrier_accounts (id),
    tracking_number       TEXT NOT NULL,
    direction             TEXT NOT NULL CHECK (direction IN ('outbound', 'return')),
    items                 TEXT NOT NULL,
    status                TEXT NOT NULL CHECK (status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery',
                              'available_for_pickup', 'delivery_failed', 'exception', 'delivered', 'returning', 'returned',
                              'canceled', 'expired')),
    status_reason         TEXT NOT NULL DEFAULT '',
    header_status         TEXT NOT NULL DEFAULT '',
    header_at             DATETIME,
    late                  BOOLEAN NOT NULL DEFAULT FALSE,
    eta                   DATETIME,
    promised_at           DATETIME,
    shipped_at            DATETIME,
    delivered_at          DATETIME,
    exception_at          DATETIME,
    service               TEXT NOT NULL DEFAULT '',
    recipient_phone_last4 TEXT NOT NULL DEFAULT '',
    tracking_url          TEXT NOT NULL DEFAULT '',
    last_synced_at        DATETIME,
    last_event_at         DATETIME,
    next_poll_at          DATETIME,
    lease_until           DATETIME,
    unchanged_polls       INTEGER NOT NULL DEFAULT 0,
    failed_polls          INTEGER NOT NULL DEFAULT 0,
    sync_error            TEXT NOT NULL DEFAULT '',
    sync_error_kind       TEXT NOT NULL DEFAULT '',
    raw                   TEXT NOT NULL DEFAULT '',
    version               INTEGER NOT NULL DEFAULT 0,
    created_at            DATETIME NOT NULL,
    updated_at            DATETIME NOT NULL,
    UNIQUE (order_id, carrier, tracking_number)
);
CREATE INDEX shipments_merchant ON shipments (merchant_id, id);
CREATE INDEX shipments_merchant_status ON shipments (merchant_id, status, id);
CREATE INDEX shipments_status ON shipments (status, id);
CREATE INDEX shipments_merchant_late ON shipments (merchant_id, id) WHERE late;
CREATE INDEX shipments_late ON shipments (id) WHERE late;
CREATE INDEX shipments_order ON shipments (order_id, id);
CREATE INDEX shipments_carrier ON shipments (carrier, id);
CREATE INDEX shipments_merchant_carrier ON shipments (merchant_id, carrier, id);
CREATE INDEX shipments_account ON shipments (carrier_account_id, id);
CREATE INDEX shipments_number ON shipments (tracking_number);
CREATE INDEX shipments_due ON shipments (carrier_account_id, next_poll_at) WHERE next_poll_at IS NOT NULL;

CREATE TABLE tracking_events (
    id              TEXT PRIMARY KEY,
    merchant_id     TEXT NOT NULL REFERENCES merchants (id),
    shipment_id     TEXT NOT NULL REFERENCES shipments (id),
    dedupe_key      TEXT NOT NULL,
    carrier_id      TEXT NOT NULL DEFAULT '',
    sequence        INTEGER NOT NULL DEFAULT 0,
    raw_time        TEXT NOT NULL DEFAULT '',
    local_time      TEXT NOT NULL DEFAULT '',
    offset_minutes  INTEGER,
    occurred_at     DATETIME,
    sort_at         DATETIME NOT NULL,
    precision       TEXT NOT NULL DEFAULT '',
    clock_suspect   BOOLEAN NOT NULL DEFAULT FALSE,
    status          TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    code            TEXT NOT NULL DEFAULT '',
    description     TEXT NOT NULL DEFAULT '',
    location        TEXT NOT NULL DEFAULT '',
    missing         INTEGER NOT NULL DEFAULT 0,
    retracted_at    DATETIME,
    received_at     DATETIME NOT NULL,
    UNIQUE (shipment_id, dedupe_key)
);

CREATE TABLE webhook_endpoints (
    id                          TEXT PRIMARY KEY,
    merchant_id                 TEXT NOT NULL REFERENCES merchants (id),
    url                         TEXT NOT NULL,
    events                      TEXT NOT NULL,
    description                 TEXT NOT NULL DEFAULT '',
    secret                      TEXT NOT NULL,
    previous_secret             TEXT NOT NULL DEFAULT '',
    previous_secret_expires_at  DATETIME,
    disabled_at                 DATETIME,
    disabled_reason             TEXT NOT NULL DEFAULT '',
    failing_since               DATETIME,
    deleted_at                  DATETIME,
    created_at                  DATETIME NOT NULL,
    updated_at                  DATETIME NOT NULL
);
CREATE INDEX webhook_endpoints_merchant ON webhook_endpoints (merchant_id, id);

CREATE TABLE events (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    type         TEXT NOT NULL,
    object_id    TEXT NOT NULL,
    order_id     TEXT,
    cause        TEXT NOT NULL DEFAULT '',
    sequence     INTEGER NOT NULL DEFAULT 0,
    body         TEXT NOT NULL,
    created_at   DATETIME NOT NULL
);
CREATE INDEX events_merchant ON events (merchant_id, id);
CREATE INDEX events_merchant_type ON events (merchant_id, type, id);
CREATE INDEX events_type ON events (type, id);
CREATE INDEX events_object ON events (object_id, id);
CREATE INDEX events_order ON events (order_id, sequence);

CREATE TABLE deliveries (
    id               TEXT PRIMARY KEY,
    merchant_id      TEXT NOT NULL REFERENCES merchants (id),
    endpoint_id      TEXT NOT NULL REFERENCES webhook_endpoints (id),
    event_id         TEXT NOT NULL REFERENCES events (id),
    event_type       TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('pending', 'delivering', 'delivered', 'retrying', 'exhausted', 'canceled')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    round_start      INTEGER NOT NULL DEFAULT 0,
    next_attempt_at  DATETIME,
    lease_until      DATETIME,
    last_status      INTEGER NOT NULL DEFAULT 0,
    last_error       TEXT NOT NULL DEFAULT '',
    created_at       DATETIME NOT NULL,
    updated_at       DATETIME NOT NULL,
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX deliveries_merchant ON deliveries (merchant_id, id);
CREATE INDEX deliveries_merchant_status ON deliveries (merchant_id, status, id);
CREATE INDEX deliveries_status ON deliveries (status, id);
CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_event ON deliveries (event_id);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status IN ('pending', 'delivering', 'retrying');

CREATE TABLE delivery_attempts (
    delivery_id   TEXT NOT NULL REFERENCES deliveries (id),
    number        INTEGER NOT NULL,
    started_at    DATETIME NOT NULL,
    latency_ms    INTEGER NOT NULL,
    status        INTEGER NOT NULL,
    error         TEXT NOT NULL DEFAULT '',
    answer        TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (delivery_id, number)
);

CREATE TABLE idempotency_keys (
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    key          TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    status       INTEGER NOT NULL,
    location     TEXT NOT NULL DEFAULT '',
    body         TEXT NOT NULL,
    created_at   DATETIME NOT NULL,
    PRIMARY KEY (merchant_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE audit_entries (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT REFERENCES merchants (id),
    actor_kind   TEXT NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'system', 'cli')),
    actor_id     TEXT NOT NULL DEFAULT '',
    actor_name   TEXT NOT NULL DEFAULT '',
    action       TEXT NOT NULL,
    object_id    TEXT NOT NULL DEFAULT '',
    order_id     TEXT,
    reason       TEXT NOT NULL DEFAULT '',
    detail       TEXT NOT NULL,
    ip           TEXT NOT NULL DEFAULT '',
    request_id   TEXT NOT NULL DEFAULT '',
    created_at   DATETIME NOT NULL
);
CREATE INDEX audit_entries_merchant ON audit_entries (merchant_id, id);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, id);
CREATE INDEX audit_entries_action ON audit_entries (action, id);
CREATE INDEX audit_entries_object ON audit_entries (object_id, id);
CREATE INDEX audit_entries_order ON audit_entries (order_id, id);

-- Counted changes, inserted with what they count and folded into daily_stats.
CREATE TABLE stat_deltas (
    id           TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    day          TEXT NOT NULL,
    metric       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    count        INTEGER NOT NULL,
    amount       INTEGER NOT NULL
);
CREATE INDEX stat_deltas_day ON stat_deltas (day, merchant_id);

CREATE TABLE daily_stats (
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    day          TEXT NOT NULL,
    metric       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    count        INTEGER NOT NULL,
    amount       INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, day, metric, currency)
);
CREATE INDEX daily_stats_day ON daily_stats (day);
