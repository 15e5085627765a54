-- +goose Up
-- Requests to carriers with their answers, masked, for as long as somebody may
-- look for the cause of something.
CREATE TABLE carrier_calls (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    merchant_id         TEXT COLLATE "C" NOT NULL REFERENCES merchants (id),
    carrier_account_id  TEXT COLLATE "C" NOT NULL REFERENCES carrier_accounts (id),
    purpose             TEXT NOT NULL,
    method              TEXT NOT NULL,
    url                 TEXT NOT NULL,
    request             TEXT NOT NULL DEFAULT '',
    status              BIGINT NOT NULL DEFAULT 0,
    outcome             TEXT NOT NULL,
    answer              TEXT NOT NULL DEFAULT '',
    error               TEXT NOT NULL DEFAULT '',
    latency_ms          BIGINT NOT NULL DEFAULT 0,
    parcels             BIGINT NOT NULL DEFAULT 0,
    started_at          TIMESTAMPTZ NOT NULL
);
CREATE INDEX carrier_calls_account ON carrier_calls (carrier_account_id, id);
CREATE INDEX carrier_calls_outcome ON carrier_calls (carrier_account_id, outcome, id);

-- How many of them an account made in each hour, by how long they took: figures
-- that nobody counts in the log. A bucket is named by its upper bound in ms.
CREATE TABLE carrier_hours (
    carrier_account_id  TEXT COLLATE "C" NOT NULL REFERENCES carrier_accounts (id),
    hour                TIMESTAMPTZ NOT NULL,
    bucket              BIGINT NOT NULL,
    calls               BIGINT NOT NULL,
    answered            BIGINT NOT NULL,
    PRIMARY KEY (carrier_account_id, hour, bucket)
);

-- What an account may do instead of what its carrier allows everybody; 0: the same.
ALTER TABLE carrier_accounts ADD COLUMN quota_per_day BIGINT NOT NULL DEFAULT 0 CHECK (quota_per_day >= 0);
ALTER TABLE carrier_accounts ADD COLUMN rate_per_second DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (rate_per_second >= 0);
-- Paused by a person.
ALTER TABLE carrier_accounts ADD COLUMN paused_at TIMESTAMPTZ;
ALTER TABLE carrier_accounts ADD COLUMN paused_until TIMESTAMPTZ;
ALTER TABLE carrier_accounts ADD COLUMN pause_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE carrier_accounts ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
-- The breaker, the call that tries whether the carrier answers again, and the
-- time of half the rate.
ALTER TABLE carrier_accounts ADD COLUMN broken_at TIMESTAMPTZ;
ALTER TABLE carrier_accounts ADD COLUMN probe_at TIMESTAMPTZ;
ALTER TABLE carrier_accounts ADD COLUMN slowed_until TIMESTAMPTZ;
ALTER TABLE carrier_accounts ADD COLUMN last_error TEXT NOT NULL DEFAULT '';
ALTER TABLE carrier_accounts ADD COLUMN last_error_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE carrier_accounts ADD COLUMN last_error_at TIMESTAMPTZ;
-- What the last test of the connection told beside that the credentials are good.
ALTER TABLE carrier_accounts ADD COLUMN test_scopes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE carrier_accounts ADD COLUMN test_quota_left BIGINT;
