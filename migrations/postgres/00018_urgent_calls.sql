-- +goose Up
-- How many of the day's calls were for parcels out for delivery: neither they
-- nor the others may take the whole quota.
ALTER TABLE carrier_accounts ADD COLUMN urgent_today INTEGER NOT NULL DEFAULT 0;
