-- +goose Up
-- A file is being read until all its lines are stored and matched. The lease
-- keeps a second reader away, and lets one take over what died half-way.
ALTER TABLE settlement_files ADD COLUMN status TEXT NOT NULL DEFAULT 'done' CHECK (status IN ('reading', 'done'));
ALTER TABLE settlement_files ADD COLUMN lease_until DATETIME;
ALTER TABLE settlement_files ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
-- Payments and refunds in currencies that the file does not have.
ALTER TABLE settlement_files ADD COLUMN unchecked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX settlement_files_account ON settlement_files (gateway_account_id, id);

ALTER TABLE settlement_lines ADD COLUMN parent_reference TEXT NOT NULL DEFAULT '';
ALTER TABLE settlement_lines ADD COLUMN dispute_id TEXT REFERENCES disputes (id);
-- What the customer paid, where the provider settles in another currency.
ALTER TABLE settlement_lines ADD COLUMN paid_amount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlement_lines ADD COLUMN paid_currency TEXT NOT NULL DEFAULT '';
-- What is stored of the payment, refund or dispute; no currency: nothing is.
ALTER TABLE settlement_lines ADD COLUMN expected_amount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlement_lines ADD COLUMN expected_currency TEXT NOT NULL DEFAULT '';
CREATE INDEX settlement_lines_differing ON settlement_lines (file_id, position) WHERE difference <> '';
CREATE INDEX settlement_lines_by_difference ON settlement_lines (file_id, difference, position) WHERE difference <> '';

-- Lines of a file by kind and currency, as its page shows them.
CREATE TABLE settlement_sums (
    file_id   TEXT NOT NULL REFERENCES settlement_files (id),
    kind      TEXT NOT NULL,
    currency  TEXT NOT NULL,
    lines     INTEGER NOT NULL,
    amount    INTEGER NOT NULL,
    fee       INTEGER NOT NULL,
    PRIMARY KEY (file_id, kind, currency)
);
-- Lines that could not be read.
CREATE TABLE settlement_refusals (
    file_id   TEXT NOT NULL REFERENCES settlement_files (id),
    position  INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    PRIMARY KEY (file_id, position)
);

-- What an account took and gave back in a span of time.
CREATE INDEX attempts_settled ON attempts (gateway_account_id, finished_at, id) WHERE status = 'succeeded';
CREATE INDEX refunds_settled ON refunds (gateway_account_id, finished_at, id) WHERE status = 'succeeded';
