-- +goose Up
-- The secret part of a parcel's public address; empty when it was revoked.
-- Parcels that exist get 160 random bits each, which both databases can make.
ALTER TABLE shipments ADD COLUMN public_token TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE shipments SET public_token = encode(substring(sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea) FOR 20), 'hex');
CREATE UNIQUE INDEX shipments_public_token ON shipments (public_token) WHERE public_token <> '';
-- How often the parcel set out to its recipient: customers are told of a status
-- once on each of these ways.
ALTER TABLE shipments ADD COLUMN journey BIGINT NOT NULL DEFAULT 1;

-- What a merchant's customers see and are told. Without a row the page is on,
-- and no mail is sent.
CREATE TABLE tracking_settings (
    merchant_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES merchants (id),
    page             BOOLEAN NOT NULL,
    mails            TEXT NOT NULL,
    sender_name      TEXT NOT NULL DEFAULT '',
    reply_to         TEXT NOT NULL DEFAULT '',
    support_address  TEXT NOT NULL DEFAULT '',
    language         TEXT NOT NULL DEFAULT '',
    updated_by       TEXT NOT NULL DEFAULT '',
    updated_at       TIMESTAMPTZ NOT NULL
);

-- Mails to customers. The unique key is what keeps a status from being told
-- twice. The address is taken out when nobody needs it any more.
CREATE TABLE customer_mails (
    id           TEXT COLLATE "C" PRIMARY KEY,
    merchant_id  TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    shipment_id  TEXT COLLATE "C" NOT NULL REFERENCES shipments (id),
    journey      BIGINT NOT NULL,
    status       TEXT COLLATE "C" NOT NULL,
    recipient    TEXT NOT NULL,
    language     TEXT NOT NULL DEFAULT '',
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'suppressed')),
    tries        BIGINT NOT NULL DEFAULT 0,
    error        TEXT NOT NULL DEFAULT '',
    next_at      TIMESTAMPTZ,
    lease_until  TIMESTAMPTZ,
    created_at   TIMESTAMPTZ NOT NULL,
    updated_at   TIMESTAMPTZ NOT NULL,
    sent_at      TIMESTAMPTZ,
    UNIQUE (shipment_id, journey, status)
);
CREATE INDEX customer_mails_due ON customer_mails (next_at) WHERE state IN ('queued', 'sending');
CREATE INDEX customer_mails_recipient ON customer_mails (id) WHERE recipient <> '';

-- Who wants no more mails of a merchant, without the address itself.
CREATE TABLE mail_opt_outs (
    merchant_id   TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    address_hash  TEXT COLLATE "C" NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (merchant_id, address_hash)
);
