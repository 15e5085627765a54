-- +goose Up
-- An account's files are read one at a time: each is compared with those before
-- it. What is half-read now is forgotten, since there may be more than one.
DELETE FROM settlement_lines WHERE file_id IN (SELECT id FROM settlement_files WHERE status = 'reading');
DELETE FROM settlement_refusals WHERE file_id IN (SELECT id FROM settlement_files WHERE status = 'reading');
DELETE FROM settlement_files WHERE status = 'reading';
CREATE UNIQUE INDEX settlement_files_reading ON settlement_files (gateway_account_id) WHERE status = 'reading';

-- Files of an account by the time that they cover.
CREATE INDEX settlement_files_from ON settlement_files (gateway_account_id, covers_from);
