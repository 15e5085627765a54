-- +goose Up
-- What a node sees of its own machine, so that whoever watches knows of all:
-- accounts whose secrets do not open with its keys (below zero: nobody could
-- look), and the newest backup, where it was told of a place for them.
ALTER TABLE nodes ADD COLUMN locked INTEGER NOT NULL DEFAULT -1;
ALTER TABLE nodes ADD COLUMN backups BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE nodes ADD COLUMN backup_at DATETIME;
