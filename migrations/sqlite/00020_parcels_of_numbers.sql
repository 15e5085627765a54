-- +goose Up
-- Parcels are looked for by number within a merchant, newest first: with an
-- index of the number alone, databases may walk all parcels of the merchant or
-- of the account instead.
DROP INDEX shipments_number;
CREATE INDEX shipments_number ON shipments (tracking_number, merchant_id, id);
