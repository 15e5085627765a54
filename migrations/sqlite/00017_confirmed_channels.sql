-- +goose Up
-- The mail address of a channel whose holder has agreed to get messages. Those
-- that were in use before anybody was asked stay so.
ALTER TABLE alert_channels ADD COLUMN confirmed TEXT NOT NULL DEFAULT '';
UPDATE alert_channels SET confirmed = LOWER(TRIM(COALESCE(json_extract(fields, '$.address'), ''))) WHERE kind = 'mail';
